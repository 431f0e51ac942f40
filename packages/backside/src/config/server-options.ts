import { isIP } from 'node:net';
import type { IndexDefinition } from '@backside/store';
import { assertKey, parsePath } from '@backside/tree';
import * as v from 'valibot';
import { AUTH_OPTIONS, type AuthConfig } from './auth-options.js';
import { EDGE_OPTIONS, type EdgeConfig } from './edge-options.js';
import { LIMIT_OPTIONS, type LimitConfig } from './limit-options.js';
import { NODE_OPTIONS, type NodeConfig } from './node-options.js';
import {
  choice,
  integer,
  jsonFromText,
  list,
  type Option,
  type OptionTable,
  option,
  requiredText,
  text,
  toggle,
} from './option.js';
import { duration, size } from './quantity.js';

/** What `backside start` is configured with. Times are milliseconds, sizes bytes. */
export interface ServerConfig extends NodeConfig, LimitConfig, AuthConfig, EdgeConfig {
  readonly mode: 'production' | 'development';
  readonly rules: string | null;
  readonly databases: readonly string[];
  readonly role: 'all' | 'proxy' | 'api';
  readonly workers: number;
  readonly drainTimeout: number;
  readonly host: string;
  readonly port: number;
  readonly tcpPort: number;
  readonly tlsCert: string | null;
  readonly tlsKey: string | null;
  readonly allowedOrigins: readonly string[];
  readonly websocketCompression: boolean;
  readonly data: string;
  readonly indexes: readonly IndexDefinition[];
  readonly journalSegmentSize: number;
  readonly journalRetentionAge: number;
  readonly journalRetentionSize: number;
  readonly journalPriorValues: boolean;
  readonly checkpointSize: number;
  readonly checkpointDelay: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly logFormat: 'auto' | 'json' | 'line';
}

const RUNNING = 'Running';
const NETWORK = 'Network';
const STORAGE = 'Storage';
const LOGGING = 'Logging';
const PORT = { group: NETWORK, min: 0, max: 65_535, placeholder: 'PORT' } as const;

export const DATABASE_NAME: RegExp = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** The folder that holds the data, wherever a command needs it. */
export const DATA_OPTION: Option<string> = requiredText({
  group: STORAGE,
  default: './data',
  placeholder: 'DIR',
  description: 'The folder that holds the data.',
});

/** The one definition of every option of the server. */
export const SERVER_OPTIONS: OptionTable<ServerConfig> = {
  mode: choice(['production', 'development'], {
    group: RUNNING,
    default: 'production',
    description:
      'In production nothing is allowed until there are rules. In development everything is, and mails and explanations of refusals are shown.',
  }),
  rules: text({
    group: RUNNING,
    placeholder: 'FILE',
    description:
      'A file of security rules: put in force at the start if it differs from the rules that are, and in development whenever it is saved.',
  }),
  databases: list({
    group: RUNNING,
    default: ['default'],
    item: DATABASE_NAME,
    min: 1,
    description:
      'The databases to serve (lower-case letters, digits, `-` and `_`). The first one also answers to unknown host names.',
  }),
  role: choice(['all', 'proxy', 'api'], {
    group: RUNNING,
    default: 'all',
    description: 'Which edges this node serves: the STOMP proxy, the HTTP interfaces, or both.',
  }),
  workers: integer({
    group: RUNNING,
    default: 1,
    min: 1,
    max: 256,
    description:
      'Processes that serve clients. With more than one, a primary process owns the journal and the workers share the ports.',
  }),
  drainTimeout: duration({
    group: RUNNING,
    default: 10_000,
    min: 0,
    description: 'How long a stopping server waits for pending writes and for clients to leave.',
  }),
  host: requiredText({
    group: NETWORK,
    default: '127.0.0.1',
    placeholder: 'ADDRESS',
    assert: assertHost,
    description: 'The address to listen on; `0.0.0.0` for all.',
  }),
  port: integer({ ...PORT, default: 5000, description: 'HTTP and websocket port; 0 takes a free one.' }),
  tcpPort: integer({ ...PORT, default: 5001, description: 'STOMP port over TCP; 0 takes a free one.' }),
  tlsCert: text({
    group: NETWORK,
    placeholder: 'FILE',
    description: 'Certificate chain in PEM; together with `tlsKey` it makes both ports speak TLS.',
  }),
  tlsKey: text({ group: NETWORK, placeholder: 'FILE', description: 'Private key in PEM.' }),
  allowedOrigins: list({
    group: NETWORK,
    default: [],
    assert: assertOrigin,
    description:
      'Origins (such as `https://app.example.com`) whose pages may open a websocket and call over HTTP; `*` allows all. The one of `publicUrl` always may, and in development all may unless some are named.',
  }),
  websocketCompression: toggle({
    group: NETWORK,
    default: false,
    description: 'Agree on permessage-deflate with websockets that offer it; costs a hundred times the processor time.',
  }),
  data: DATA_OPTION,
  ...NODE_OPTIONS,
  indexes: indexes(),
  journalSegmentSize: size({
    group: STORAGE,
    default: 64 * 2 ** 20,
    min: 4096,
    description: 'A new file of the journal is begun at this size.',
  }),
  journalRetentionAge: duration({
    group: STORAGE,
    default: 7 * 86_400_000,
    min: 0,
    description: 'How long commits stay in the journal after the tree on disk has them; 0 keeps none.',
  }),
  journalRetentionSize: size({
    group: STORAGE,
    default: 2 ** 30,
    min: 0,
    description: 'How much the journal may hold because of `journalRetentionAge`; 0 means any amount.',
  }),
  journalPriorValues: toggle({
    group: STORAGE,
    default: false,
    description: 'Keep in each commit what stood at the changed paths before.',
  }),
  checkpointSize: size({
    group: STORAGE,
    default: 8 * 2 ** 20,
    min: 1024,
    description: 'Commits are moved from memory into the tree on disk when there are this many bytes of them …',
  }),
  checkpointDelay: duration({
    group: STORAGE,
    default: 1_000,
    min: 10,
    description: '… or when the oldest has waited this long. A start replays what was not moved from the journal.',
  }),
  ...AUTH_OPTIONS,
  ...EDGE_OPTIONS,
  ...LIMIT_OPTIONS,
  logLevel: choice(['debug', 'info', 'warn', 'error', 'silent'], {
    group: LOGGING,
    default: 'info',
    description: 'The least important messages that are logged.',
  }),
  logFormat: choice(['auto', 'json', 'line'], {
    group: LOGGING,
    default: 'auto',
    description: 'JSON or a readable line per message, on stderr; `auto` is `json` in production, else `line`.',
  }),
};

/** What looks like an address must be one: nobody would look it up as a name in vain. */
function assertHost(text: string): void {
  if (/^[\d.]+$|:/.test(text) && isIP(text) === 0)
    throw new Error('must be an address of this machine, or a name of one');
}

/** Origins are compared to the letter, so one that no browser sends would allow nobody. */
function assertOrigin(text: string): void {
  if (text === '*') return;
  const isWeb = /^https?:/i.test(text);
  const isOrigin = isWeb
    ? URL.canParse(text) && new URL(text).origin === text
    : /^[a-z][a-z0-9+.-]*:\/\/[^/]+$/.test(text);
  if (!isOrigin) throw new Error('must be * or an origin as browsers send it, such as https://app.example.com');
}

function indexes(): Option<readonly IndexDefinition[]> {
  const by = v.union([v.literal('value'), keys(parsePath)], 'must be a path or value');
  const definition = v.strictObject({ pattern: keys(parsePattern), by }, 'must be an object of pattern and by');
  const schema = v.array(definition, 'must be a list of {"pattern", "by"}');
  return option(schema as v.GenericSchema<unknown, readonly IndexDefinition[]>, {
    group: STORAGE,
    default: [],
    placeholder: 'JSON',
    description:
      'Secondary indexes, such as `[{"pattern": "/users", "by": "age"}]`. A key that begins with `$` stands for any key; `by` may be `value`.',
    fromText: jsonFromText,
  });
}

/** A text that `parse` makes keys of. */
function keys(parse: (text: string) => readonly string[]): v.GenericSchema<unknown, readonly string[]> {
  return v.pipe(
    v.string('must be a path'),
    v.rawTransform<string, readonly string[]>(({ dataset, addIssue, NEVER }) => {
      try {
        return parse(dataset.value);
      } catch (error) {
        addIssue({ message: (error as Error).message });
        return NEVER;
      }
    }),
  ) as v.GenericSchema<unknown, readonly string[]>;
}

/** A path in which `$name` stands for any key. */
function parsePattern(text: string): readonly string[] {
  const pieces = text.split('/').filter((piece) => piece !== '');
  for (const piece of pieces) assertKey(piece.replace(/^\$/, ''));
  return pieces;
}
