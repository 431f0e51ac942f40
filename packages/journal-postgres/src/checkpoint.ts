import { BacksideError } from '@backside/protocol';
import type { Checkpoint } from '@backside/store';
import type { Change } from '@backside/tree';
import pg from 'pg';
import { settings } from './connections.js';
import { changeOf, type NodeRow } from './node-row.js';
import type { PostgresPlace } from './options.js';
import { unavailable } from './postgres-error.js';
import { checkpointLock, INDEXED_CHARACTERS, type Tables } from './schema.js';

/** What is fetched at once, as the server stores it. */
const PAGE_ROWS = 2_000;
const PAGE_BYTES = 4 * 1024 * 1024;
/** The server gives up on a checkpoint that nobody reads on for so long. */
const ABANDONED_AFTER_MS = 120_000;

interface StoredRow extends NodeRow {
  readonly id: string;
  readonly place: string;
}

/**
 * The projected tree exactly as it is now, read from a connection of its own; null if nothing is projected yet. Until it is read, or given
 * up, nothing is trimmed.
 */
export async function openCheckpoint(
  place: PostgresPlace & { readonly database: string },
  tables: Tables,
): Promise<Checkpoint | null> {
  const { url, database } = place;
  const client = new pg.Client(settings(place));
  let lost: Error | null = null;
  client.on('error', (error) => {
    lost = error; // the next request fails with it
  });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock_shared(hashtext($1), hashtext($2))', [
      ...checkpointLock(tables, database),
    ]);
    await client.query('begin isolation level repeatable read read only');
    await client.query(`set local idle_in_transaction_session_timeout = ${ABANDONED_AFTER_MS}`);
    const { rows } = await client.query<{ revision: string }>(
      `select revision from ${tables.projection} where database = $1 and revision > 0`,
      [database],
    );
    if (rows[0] !== undefined) {
      return { revision: Number(rows[0].revision), entries: read(client, () => lost) };
    }
  } catch (error) {
    await client.end();
    throw error;
  }
  await client.end();
  return null;

  async function* read(from: pg.Client, failure: () => Error | null): AsyncGenerator<readonly Change[], undefined> {
    try {
      for (let last: StoredRow | null = null; ; ) {
        const page: StoredRow[] = await nextPage(from, last);
        if (page.length === 0) return;
        yield page.map(changeOf);
        last = page.at(-1)!;
      }
    } catch (error) {
      throw error instanceof BacksideError ? error : unavailable(failure() ?? error, url);
    } finally {
      await from.end();
    }
  }

  async function nextPage(from: pg.Client, last: StoredRow | null): Promise<StoredRow[]> {
    const prefix = `left(path, ${INDEXED_CHARACTERS})`;
    const { rows } = await from.query<StoredRow>({
      name: last === null ? 'first page' : 'next page',
      text: `select id, place, path, value, priority from (
          select *, sum(size) over (order by place, id) - size as before from (
            select id, ${prefix} as place, path, value, priority, coalesce(pg_column_size(value), 0) as size from ${tables.nodes}
            where database = $1 ${last === null ? '' : `and (${prefix}, id) > ($2, $3)`} order by ${prefix}, id limit ${PAGE_ROWS}
          ) found
        ) measured where before < ${PAGE_BYTES} order by place, id`,
      values: last === null ? [database] : [database, last.place, last.id],
    });
    return rows;
  }
}
