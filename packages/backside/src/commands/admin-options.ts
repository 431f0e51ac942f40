import { connect } from 'node:net';
import { SILENT_LOGGER } from '@backside/protocol';
import { type AdminAddress, type AdminRequest, askServer } from '../client/admin-client.js';
import { ConfigError } from '../config/config-error.js';
import { STORE_OPTIONS, type StoreConfig, storeConfigOf } from '../config/node-options.js';
import { assertPairing } from '../config/node-pairing.js';
import { type OptionTable, text } from '../config/option.js';
import { DATA_OPTION, SERVER_OPTIONS, type ServerConfig } from '../config/server-options.js';
import { resolveSettings } from '../config/setting.js';
import { operatorSocketOf } from '../server/operator-socket.js';
import { startSingleServer } from '../server/single-server.js';
import { assertHasDatabase } from '../server/tree-on-disk.js';

/** How a command of an admin reaches the data. */
export interface AdminConfig extends StoreConfig {
  readonly data: string;
  readonly url: string | null;
  readonly token: string | null;
  readonly database: string | null;
}

export const ADMIN_OPTIONS: OptionTable<AdminConfig> = {
  data: DATA_OPTION,
  ...STORE_OPTIONS,
  url: text({
    group: 'Server',
    placeholder: 'URL',
    description:
      'A server to ask over the network, as http:// or https:// with host and port; without it the data folder on this machine is meant, whether a server runs on it or not.',
  }),
  token: text({
    group: 'Server',
    secret: true,
    description: "An admin's access token, for --url; better given in the environment.",
  }),
  database: text({
    group: 'Server',
    placeholder: 'NAME',
    description: "The database; the server's first one if not given.",
  }),
};

/** Asks the server something as an admin; resolves with the text of the answer. */
export type Ask = (request: AdminRequest) => Promise<string>;

interface AdminAccess {
  /** Whether the data folder is made if it is not there: a mistyped name shall not pass for an empty database. */
  readonly makesFolder: boolean;
}

/**
 * Runs a command of an admin against the server at `url`, else the one that runs on the data folder, else one that is started
 * for as long as the command runs and that only this machine can reach.
 */
export async function withAdmin<Result>(
  config: AdminConfig,
  run: (ask: Ask) => Promise<Result>,
  { makesFolder }: AdminAccess = { makesFolder: false },
): Promise<Result> {
  if (config.url !== null) return run(asker({ url: parseUrl(config.url), token: config.token }, config));
  const socket = operatorSocketOf(config.data);
  if (socket === null) throw new ConfigError(`--data: the path of ${config.data} is too long for a socket; use --url`);
  const ask = asker({ socket }, config);
  if (await someoneListens(socket)) return run(ask);
  if (!makesFolder) await assertThere(config);
  return withOwnServer(config, () => run(ask));
}

function asker(address: AdminAddress, { database }: AdminConfig): Ask {
  return (request) => {
    const separator = request.path.includes('?') ? '&' : '?';
    const named = database === null ? '' : `${separator}ns=${encodeURIComponent(database)}`;
    return askServer(address, { ...request, path: `${request.path}${named}` });
  };
}

function parseUrl(given: string): URL {
  const url = URL.canParse(given) ? new URL(given) : null;
  if (url !== null && /^https?:$/.test(url.protocol)) return url;
  throw new ConfigError(`--url: ${JSON.stringify(given)} is not http:// or https:// with host and port`);
}

function someoneListens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Rejects unless an embedded store has the database already. What is shared is not in the folder, and a copy of it can be made. */
async function assertThere({ store, data, database }: AdminConfig): Promise<void> {
  if (store !== 'embedded') return;
  await assertHasDatabase({ data, database: database ?? SERVER_OPTIONS.databases.default[0]! });
}

async function withOwnServer<Result>(config: AdminConfig, run: () => Promise<Result>): Promise<Result> {
  assertPairing({ ...config, workers: 1 });
  const defaults = resolveSettings<ServerConfig>(SERVER_OPTIONS, []).values;
  const databases = config.database === null ? defaults.databases : [config.database];
  const server = await startSingleServer(
    { ...defaults, ...storeConfigOf(config), data: config.data, databases, host: '127.0.0.1', port: 0, role: 'api' },
    SILENT_LOGGER,
  );
  try {
    return await run();
  } finally {
    await server.stop();
  }
}
