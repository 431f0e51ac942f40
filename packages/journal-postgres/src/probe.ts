import { SILENT_LOGGER } from '@backside/protocol';
import type pg from 'pg';
import { borrowConnections } from './connections.js';
import { DEFAULT_SCHEMA, type PostgresPlace } from './options.js';
import { unavailable } from './postgres-error.js';
import { type Tables, tablesOf } from './schema.js';

const ROUNDS = 9;

/** What a server is like, seen from here. */
export interface PostgresFacts {
  /** As the server gives it. */
  readonly version: string;
  readonly encoding: string;
  /** Whether the server waits for its disk: `fsync`, and `synchronous_commit` as a new connection finds it. */
  readonly fsync: boolean;
  readonly synchronousCommit: string;
  /** Standbys that a commit waits for; empty if it waits for none. */
  readonly synchronousStandbys: string;
  /** Whether it is a standby, which takes no writes. */
  readonly standby: boolean;
  readonly maxConnections: number;
  /** How far the server's clock is ahead of this one, in milliseconds, within half a round trip. */
  readonly clockAheadMs: number;
  /** From asking something trivial to the answer, and the same with a commit that waits for the disk: medians, in milliseconds. */
  readonly roundTripMs: number;
  readonly appendMs: number;
  /** Tables and indexes of ours that are missing; those of a new server are made by the first start. */
  readonly missing: readonly string[];
}

/** Asks a server what `doctor` wants to know. Leaves nothing behind. Rejects with `unavailable` if it cannot be reached. */
export async function probePostgres(place: PostgresPlace): Promise<PostgresFacts> {
  const tables = tablesOf(place.schema ?? DEFAULT_SCHEMA);
  const connections = borrowConnections(place, SILENT_LOGGER);
  try {
    const client = await connections.pool.connect();
    try {
      return await probe(client, tables);
    } finally {
      client.release();
    }
  } catch (error) {
    throw unavailable(error, place.url);
  } finally {
    await connections.release();
  }
}

interface Settings {
  readonly version: string;
  readonly encoding: string;
  readonly fsync: string;
  readonly synchronous_commit: string;
  readonly standbys: string;
  readonly standby: boolean;
  readonly max_connections: string;
  readonly clock_ms: number;
}

async function probe(client: pg.ClientBase, tables: Tables): Promise<PostgresFacts> {
  const asked = Date.now();
  const { rows } = await client.query<Settings>(
    `select current_setting('server_version') as version, current_setting('server_encoding') as encoding,
      current_setting('fsync') as fsync, current_setting('synchronous_commit') as synchronous_commit,
      current_setting('synchronous_standby_names') as standbys, pg_is_in_recovery() as standby,
      current_setting('max_connections') as max_connections,
      (extract(epoch from clock_timestamp()) * 1000)::float8 as clock_ms`,
  );
  const clockAheadMs = rows[0]!.clock_ms - (asked + Date.now()) / 2;
  const found = rows[0]!;
  const roundTripMs = await median(() => client.query('select 1'));
  return {
    version: found.version,
    encoding: found.encoding,
    fsync: found.fsync === 'on',
    synchronousCommit: found.synchronous_commit,
    synchronousStandbys: found.standbys,
    standby: found.standby,
    maxConnections: Number(found.max_connections),
    clockAheadMs,
    roundTripMs,
    appendMs: found.standby ? Number.NaN : await durableMs(client),
    missing: await missingOf(client, tables),
  };
}

/** A commit of some WAL of its own: a message that nobody decodes. */
async function durableMs(client: pg.ClientBase): Promise<number> {
  return median(() => client.query("select pg_logical_emit_message(true, 'backside', repeat('x', 100))"));
}

async function median(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]!;
}

async function missingOf(
  client: pg.ClientBase,
  { schema, databases, journal, projection, nodes }: Tables,
): Promise<string[]> {
  const indexes = ['journal_pkey', 'journal_last', 'nodes_pkey', 'nodes_path', 'nodes_parent'];
  const names = [databases, journal, projection, nodes, ...indexes.map((name) => `"${schema}".${name}`)];
  const { rows } = await client.query<{ name: string }>(
    'select name from unnest($1::text[]) name where to_regclass(name) is null',
    [names],
  );
  return rows.map(({ name }) => name);
}
