import { randomUUID } from 'node:crypto';
import { BacksideError } from '@backside/protocol';
import type pg from 'pg';
import { inTransaction } from './connections.js';

/** The version of what this package stores. A program refuses what is newer than it knows. */
export const FORMAT = 1;
/** The oldest version of Backside that reads what this one writes; told to older ones that refuse it. */
const MIN_READER = '0.1.0';

/** So many characters of a path are indexed: in the longest form they fit into an entry of an index, which has 2,704 bytes. */
export const INDEXED_CHARACTERS = 512;

const MAX_DATABASE_NAME_BYTES = 200;

/** The tables, each as it is written in a statement. */
export interface Tables {
  readonly schema: string;
  /** One row per database: the identity of its history, and how far it is trimmed. */
  readonly databases: string;
  /** One row per append. */
  readonly journal: string;
  /** One row per database: how far `nodes` has come. */
  readonly projection: string;
  /** One row per leaf, and per map that has a priority. */
  readonly nodes: string;
}

/** Throws `invalid-data` if the name is not a plain one. */
export function tablesOf(schema: string): Tables {
  if (!/^[a-z_][a-z0-9_]{0,39}$/.test(schema)) {
    throw new BacksideError(
      'invalid-data',
      `${JSON.stringify(schema)} cannot name a schema: lower-case letters, digits, underscores`,
    );
  }
  const table = (name: string): string => `"${schema}".${name}`;
  return {
    schema,
    databases: table('databases'),
    journal: table('journal'),
    projection: table('projection'),
    nodes: table('nodes'),
  };
}

/** The two names, to be hashed, of the lock that those share who read a checkpoint, and that a trim takes alone. */
export function checkpointLock({ schema }: Tables, database: string): readonly [string, string] {
  return [`backside checkpoint ${schema}`, database];
}

/** Throws `invalid-data` if the name would not fit into an index, or cannot be stored. */
export function assertDatabaseName(database: string): void {
  const bytes = Buffer.byteLength(database);
  if (bytes > 0 && bytes <= MAX_DATABASE_NAME_BYTES && !database.includes('\0')) return;
  throw new BacksideError('invalid-data', `${JSON.stringify(database)} cannot name a database`);
}

/** Makes whatever is missing. Several processes may do so at once. */
export async function prepareTables(pool: pg.Pool, tables: Tables): Promise<void> {
  const { rows } = await pool.query<{ encoding: string; ready: boolean }>(
    "select current_setting('server_encoding') as encoding, to_regclass($1) is not null as ready",
    [tables.nodes],
  );
  if (rows[0]!.encoding !== 'UTF8') {
    throw new BacksideError(
      'internal',
      `the PostgreSQL database has the encoding ${rows[0]!.encoding}; UTF8 is needed`,
    );
  }
  if (rows[0]!.ready) return;
  await inTransaction(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock(hashtext($1))', [`backside:${tables.schema}`]);
    await client.query(definition(tables));
  });
}

function definition({ schema, databases, journal, projection, nodes }: Tables): string {
  return `
    create schema if not exists "${schema}";
    create table if not exists ${databases} (
      database text collate "C" primary key,
      epoch text not null,
      format integer not null,
      min_reader text not null,
      trimmed bigint not null default 0
    );
    create table if not exists ${journal} (
      database text collate "C" not null,
      first bigint not null,
      last bigint not null,
      format integer not null,
      append_id uuid not null,
      node text not null,
      stored timestamptz not null default clock_timestamp(),
      lengths integer[] not null,
      packed bytea not null,
      primary key (database, first)
    );
    create unique index if not exists journal_last on ${journal} (database, last);
    create table if not exists ${projection} (
      database text collate "C" primary key,
      revision bigint not null default 0,
      holder text not null,
      moved timestamptz not null default clock_timestamp()
    );
    create table if not exists ${nodes} (
      id bigint generated always as identity primary key,
      database text collate "C" not null,
      path text collate "C" not null,
      parent text collate "C" not null,
      key text collate "C" not null,
      value json,
      priority json,
      revision bigint not null
    );
    create index if not exists nodes_path on ${nodes} (database, left(path, ${INDEXED_CHARACTERS}), id);
    create index if not exists nodes_parent on ${nodes} (database, left(parent, ${INDEXED_CHARACTERS}));
  `;
}

/** The identity of a database's history; the first who asks begins it. Throws `internal` if a newer version began or changed it. */
export async function adoptDatabase(pool: pg.Pool, tables: Tables, database: string): Promise<string> {
  const { databases } = tables;
  await pool.query(
    `insert into ${databases} (database, epoch, format, min_reader) values ($1, $2, $3, $4) on conflict do nothing`,
    [database, randomUUID(), FORMAT, MIN_READER],
  );
  const { rows } = await pool.query<{ epoch: string; format: number; min_reader: string }>(
    `select epoch, format, min_reader from ${databases} where database = $1`,
    [database],
  );
  const { epoch, format, min_reader } = rows[0]!;
  assertReadable(format, min_reader);
  return epoch;
}

export function assertReadable(format: number, minReader: string | null): void {
  if (format <= FORMAT) return;
  const needed = minReader === null ? 'a newer version' : `version ${minReader} or later`;
  throw new BacksideError(
    'internal',
    `the journal has format ${format}, this version reads up to ${FORMAT}: ${needed} is needed`,
  );
}
