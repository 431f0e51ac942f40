import type { AdminRequest } from '../../client/admin-client.js';
import { toggle } from '../../config/option.js';
import { ADMIN_OPTIONS, type AdminConfig, withAdmin } from '../admin-options.js';
import { type Command, defineCommand } from '../command.js';
import { userPath } from './user.js';

/** Disabling ends every session of the account on every node. */
export const usersDisableCommand: Command = changeCommand({
  name: 'users disable',
  summary: 'Keeps an account from signing in, and ends its sessions.',
  done: 'is disabled',
  request: { method: 'PATCH', body: { disabled: true } },
});

export const usersEnableCommand: Command = changeCommand({
  name: 'users enable',
  summary: 'Lets a disabled account sign in again.',
  done: 'is enabled',
  request: { method: 'PATCH', body: { disabled: false } },
});

export const usersDeleteCommand: Command = changeCommand({
  name: 'users delete',
  summary: 'Deletes an account and all that belongs to it in the private data.',
  done: 'is deleted',
  request: { method: 'DELETE' },
});

function changeCommand(definition: {
  readonly name: string;
  readonly summary: string;
  readonly done: string;
  readonly request: Omit<AdminRequest, 'path'>;
}): Command {
  return defineCommand<AdminConfig>({
    name: definition.name,
    positionals: ['USER'],
    summary: definition.summary,
    details: 'USER is an e-mail address, a username or a uid.',
    options: ADMIN_OPTIONS,
    run: async ({ effective: { values }, positionals, io }) => {
      const user = positionals[0]!;
      await withAdmin(values, async (ask) => ask({ ...definition.request, path: await userPath(ask, user) }));
      io.stdout.write(`${user} ${definition.done}\n`);
      return 0;
    },
  });
}

interface ResetConfig extends AdminConfig {
  readonly mail: boolean;
}

export const usersResetCommand: Command = defineCommand<ResetConfig>({
  name: 'users reset',
  positionals: ['USER'],
  summary: 'Takes away password and second factor, ends all sessions, and prints a token to set a new password with.',
  details: 'USER is an e-mail address, a username or a uid. The token goes to POST /auth/reset.',
  options: {
    ...ADMIN_OPTIONS,
    mail: toggle({ group: 'Reset', default: false, description: 'Mail the link to the user instead.' }),
  },
  run: async ({ effective: { values }, positionals, io }) => {
    const user = positionals[0]!;
    const answer = await withAdmin(values, async (ask) =>
      ask({ method: 'POST', path: `${await userPath(ask, user)}/reset`, body: { mail: values.mail } }),
    );
    const { token } = JSON.parse(answer) as { token: string | null };
    io.stdout.write(token === null ? `the link was mailed to ${user}\n` : `${token}\n`);
    return 0;
  },
});
