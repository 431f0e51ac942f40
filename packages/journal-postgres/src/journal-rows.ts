import { BacksideError, type Commit, packCommits, unpackCommits } from '@backside/protocol';
import type { MergedAppend } from '@backside/store';
import type pg from 'pg';
import { assertReadable, FORMAT, type Tables } from './schema.js';

/** What one request for commits fetches at most; a single append may be larger. */
const PAGE_BYTES = 8 * 1024 * 1024;
const PAGE_ROWS = 500;

/** Where a journal stands. */
export interface JournalState {
  readonly head: number;
  /** The last revision that is no longer kept. */
  readonly trimmed: number;
  readonly epoch: string;
}

/** Appends that were read: their commits, and the id of the first of the appends. */
export interface Page {
  readonly commits: readonly Commit[];
  readonly appendId: string | null;
}

interface StoredRow {
  readonly first: string;
  readonly format: number;
  readonly append_id: string;
  readonly lengths: number[];
  readonly packed: Buffer;
}

/** The stored journal of one database. Every method is one statement; all throw what pg throws. */
export class JournalRows {
  readonly #pool: pg.Pool | pg.ClientBase;
  readonly #tables: Tables;
  readonly #database: string;
  readonly #nodeId: string;

  constructor(
    pool: pg.Pool | pg.ClientBase,
    tables: Tables,
    { database, nodeId }: { database: string; nodeId: string },
  ) {
    this.#pool = pool;
    this.#tables = tables;
    this.#database = database;
    this.#nodeId = nodeId;
  }

  async state(): Promise<JournalState> {
    const { databases, journal } = this.#tables;
    const { rows } = await this.#pool.query<{ epoch: string; trimmed: string; head: string | null; format: number }>({
      name: `state ${this.#tables.schema}`,
      text: `select epoch, trimmed, format, (select max(last) from ${journal} j where j.database = d.database) as head
        from ${databases} d where database = $1`,
      values: [this.#database],
    });
    const row = rows[0];
    if (row === undefined) throw new BacksideError('internal', `database ${this.#database} has been removed`);
    assertReadable(row.format, null);
    const trimmed = Number(row.trimmed);
    return { epoch: row.epoch, trimmed, head: Math.max(trimmed, Number(row.head ?? 0)) };
  }

  /**
   * Stores an append; false if its base is not the head. The base has to be the end of what is stored, and the key (database, first) lets
   * it have one successor only. What was trimmed away, and might have been its successor, is known by the row of the database: that
   * is locked, so that a trim which this statement has not seen waits for it.
   */
  async insert(epoch: string, { base, commits, appendId }: MergedAppend): Promise<boolean> {
    const { databases, journal, schema } = this.#tables;
    const { bytes, lengths } = packCommits(commits);
    const { rowCount } = await this.#pool.query({
      name: `insert ${schema}`,
      text: `with history as (select trimmed from ${databases} where database = $1 and epoch = $2 and format <= $4 for share)
        insert into ${journal} (database, first, last, format, append_id, node, lengths, packed)
        select $1, $3::bigint + 1, $3::bigint + cardinality($7::integer[]), $4, $5, $6, $7, $8 from history
        where trimmed = $3 or trimmed < $3 and exists (select from ${journal} where database = $1 and last = $3)
        on conflict do nothing`,
      values: [this.#database, epoch, base, FORMAT, appendId, this.#nodeId, lengths, bytes],
    });
    return rowCount === 1;
  }

  /** Some of the appends that hold revisions above `after`, the oldest first, without what they hold up to it. */
  async after(after: number): Promise<Page> {
    const { rows } = await this.#pool.query<StoredRow>({
      name: `after ${this.#tables.schema}`,
      text: `select first, format, append_id, lengths, packed from (
          select *, sum(octet_length(packed)) over (order by first) - octet_length(packed) as before from (
            select * from ${this.#tables.journal} where database = $1 and last > $2 order by last limit ${PAGE_ROWS}
          ) found
        ) measured where before < ${PAGE_BYTES} order by first`,
      values: [this.#database, after],
    });
    const commits = rows.flatMap(({ format, packed, lengths }) => {
      assertReadable(format, null);
      return unpackCommits({ bytes: packed, lengths });
    });
    return { commits: commits.filter(({ revision }) => revision > after), appendId: rows[0]?.append_id ?? null };
  }
}
