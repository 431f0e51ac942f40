import { withoutSecrets } from '@backside/notifier/broker';
import type { Logger } from '@backside/protocol';
import pg from 'pg';
import type { PostgresPlace } from './options.js';

const DEFAULT_REQUEST_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** Connections of one process to one server for its journals together, so that many databases do not use up what a server takes. */
const MAX_CONNECTIONS = 8;

/** Connections that are shared by all who named the same URL, until the last of them has let go. */
export interface Connections {
  readonly pool: pg.Pool;
  release(): Promise<void>;
}

interface SharedPool {
  readonly pool: pg.Pool;
  users: number;
}

/** By URL and timeout. Connections belong to the process, as file descriptors do; there is no other state in here. */
const pools = new Map<string, SharedPool>();

/** The connections of this process to a server; no connection is made yet. */
export function borrowConnections(place: PostgresPlace, logger: Logger): Connections {
  const name = `${place.requestTimeoutMs} ${place.url}`;
  const shared = pools.get(name) ?? { pool: createPool(place, logger), users: 0 };
  pools.set(name, shared);
  shared.users += 1;
  let released = false;
  return {
    pool: shared.pool,
    async release() {
      if (released) return;
      released = true;
      shared.users -= 1;
      if (shared.users > 0) return;
      pools.delete(name);
      await shared.pool.end();
    },
  };
}

function createPool(place: PostgresPlace, logger: Logger): pg.Pool {
  const pool = new pg.Pool({
    ...settings(place),
    max: MAX_CONNECTIONS,
    idleTimeoutMillis: 30_000,
    onConnect: (client) => prepare(client, place),
  });
  const lost = (error: Error): void => {
    logger.debug({ err: withoutSecrets(error, place.url) }, 'a connection to PostgreSQL was lost');
  };
  pool.on('error', lost);
  pool.on('connect', (client) => client.on('error', lost)); // the pool looks after those only that nobody uses
  return pool;
}

/** How every connection is made. What the URL says comes first, as pg has it. */
export function settings({ url, requestTimeoutMs = DEFAULT_REQUEST_TIMEOUT_MS }: PostgresPlace): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'backside',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: requestTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
  };
}

/**
 * A server may be set not to wait for its disk, and whoever is told `durable` counts on it. Compiling our statements takes the server
 * far longer than running them, which it does not guess for those over arrays. What we have given up, it gives up as well.
 */
async function prepare(
  client: pg.ClientBase,
  { requestTimeoutMs = DEFAULT_REQUEST_TIMEOUT_MS }: PostgresPlace,
): Promise<void> {
  await client.query(
    `select set_config('jit', 'off', false), set_config('statement_timeout', $1, false), set_config('synchronous_commit',
      case when current_setting('synchronous_commit') in ('off', 'local') then 'on' else current_setting('synchronous_commit') end, false)`,
    [`${requestTimeoutMs}`],
  );
}

/** Runs `work` in one transaction; it happens entirely, or not at all if `work` throws or the connection is lost. */
export async function inTransaction<Result>(
  pool: pg.Pool,
  work: (client: pg.ClientBase) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    failure = error as Error;
    throw error;
  } finally {
    client.release(failure); // with an error the connection is closed, and the transaction undone
  }
}
