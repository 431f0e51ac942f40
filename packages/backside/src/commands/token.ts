import * as v from 'valibot';
import { ConfigError } from '../config/config-error.js';
import { jsonFromText, option, text, toggle } from '../config/option.js';
import { ADMIN_OPTIONS, type AdminConfig, withAdmin } from './admin-options.js';
import { type Command, defineCommand } from './command.js';

interface TokenConfig extends AdminConfig {
  readonly uid: string | null;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly label: string | null;
  readonly refresh: boolean;
}

const CLAIMS = v.record(v.string(), v.unknown(), 'must be a JSON object') as v.GenericSchema<
  unknown,
  Readonly<Record<string, unknown>>
>;

export const tokenCommand: Command = defineCommand<TokenConfig>({
  name: 'token',
  positionals: [],
  summary: 'Opens a session for a uid and prints its access token; the account is made if there is none.',
  options: {
    ...ADMIN_OPTIONS,
    uid: text({ group: 'Session', placeholder: 'UID', description: 'Whom the token stands for.' }),
    claims: option(CLAIMS, {
      group: 'Session',
      default: {},
      placeholder: 'JSON',
      description: 'What rules see in auth.token, over the claims of the account.',
      fromText: jsonFromText,
    }),
    label: text({ group: 'Session', description: 'What the session is called in lists.' }),
    refresh: toggle({
      group: 'Session',
      default: false,
      description: 'Print the whole answer, with the refresh token, as JSON.',
    }),
  },
  run: async ({ effective: { values }, io }) => {
    const { uid, claims, label } = values;
    if (uid === null) throw new ConfigError('--uid: whom shall the token stand for?');
    const body = { claims, ...(label !== null && { label }) };
    const answer = await withAdmin(values, (ask) =>
      ask({ method: 'POST', path: `/auth/users/${encodeURIComponent(uid)}/token`, body }),
    );
    const { accessToken } = JSON.parse(answer) as { accessToken: string };
    io.stdout.write(values.refresh ? `${answer}\n` : `${accessToken}\n`);
    return 0;
  },
});
