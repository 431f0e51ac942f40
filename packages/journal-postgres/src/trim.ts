import type pg from 'pg';
import type { PostgresRetention } from './options.js';
import { checkpointLock, type Tables } from './schema.js';

/** Rows deleted by one statement. */
const SLICE_ROWS = 500;

export interface TrimOptions {
  readonly database: string;
  readonly retention: PostgresRetention;
}

/** Drops what the checkpoint has and the retention does not keep. */
export class JournalTrim {
  readonly #pool: pg.Pool;
  readonly #tables: Tables;
  readonly #options: TrimOptions;

  constructor(pool: pg.Pool, tables: Tables, options: TrimOptions) {
    this.#pool = pool;
    this.#tables = tables;
    this.#options = options;
  }

  /**
   * Drops whole appends up to `revision` at most; nothing while somebody reads the checkpoint, who needs what follows it. They count as gone before the first is deleted: an append that could not know
   * that has ended by then.
   */
  async upTo(revision: number): Promise<void> {
    if (await this.#mark(revision)) await this.#sweep();
  }

  async #mark(revision: number): Promise<boolean> {
    const { databases, journal, projection } = this.#tables;
    const { database, retention } = this.#options;
    const { rowCount } = await this.#pool.query(
      `update ${databases} d set trimmed = done.last from (
         select max(last) as last from (
           select last, stored, sum(octet_length(packed)) over (order by first desc) as newer from ${journal} where database = $1
         ) j
         where last <= least($2, coalesce((select revision from ${projection} where database = $1), 0))
           and (stored <= clock_timestamp() - $3 * interval '1 millisecond' or newer > $4)
       ) done
       where d.database = $1 and d.trimmed < done.last
         and pg_try_advisory_xact_lock(hashtext($5), hashtext($6))`,
      [database, revision, retention.ageMs, retention.bytes, ...checkpointLock(this.#tables, database)],
    );
    return rowCount === 1;
  }

  async #sweep(): Promise<void> {
    const { databases, journal } = this.#tables;
    for (;;) {
      const { rowCount } = await this.#pool.query(
        `delete from ${journal} where database = $1 and first in (
           select first from ${journal} where database = $1
             and last <= (select trimmed from ${databases} where database = $1) order by last limit ${SLICE_ROWS}
         )`,
        [this.#options.database],
      );
      if ((rowCount ?? 0) < SLICE_ROWS) return;
    }
  }
}
