import { text } from '../config/option.js';
import { ADMIN_OPTIONS, type AdminConfig, withAdmin } from './admin-options.js';
import { type Command, defineCommand } from './command.js';
import { readSecret } from './secret-input.js';

interface CreateAdminConfig extends AdminConfig {
  readonly password: string | null;
}

export const createAdminCommand: Command = defineCommand<CreateAdminConfig>({
  name: 'create-admin',
  positionals: ['LOGIN'],
  summary: 'Makes an account that may do everything; LOGIN is an e-mail address or a username.',
  details:
    'The password is typed, or read from the first line of standard input, or taken from BACKSIDE_PASSWORD. A flag would be seen\n' +
    'by everybody who lists the processes of this machine. May be the first step: the data folder is made if it is not there.',
  options: {
    ...ADMIN_OPTIONS,
    password: text({ group: 'Account', secret: true, description: 'The password; better not given as a flag.' }),
  },
  run: async ({ effective: { values }, positionals, io }) => {
    const login = positionals[0]!;
    const password = values.password ?? (await readSecret(io, `password for ${login}`));
    const name = login.includes('@') ? { email: login, emailVerified: true } : { username: login };
    const answer = await withAdmin(
      values,
      (ask) => ask({ method: 'POST', path: '/auth/users', body: { ...name, password, admin: true } }),
      { makesFolder: true },
    );
    const { uid } = JSON.parse(answer) as { uid: string };
    io.stdout.write(`${login} is an admin; uid ${uid}\n`);
    return 0;
  },
});
