import { encodeLeaf, type Leaf, type Priority } from '@backside/tree';
import type pg from 'pg';
import { indexedPart, type NodeRow, parentText } from './node-row.js';
import type { PathRange } from './path-range.js';
import { INDEXED_CHARACTERS, type Tables } from './schema.js';

/** Rows deleted, written or looked for by one statement. */
const SLICE_ROWS = 5_000;
/** Paths below which one statement deletes. */
const SLICE_PATHS = 500;
/** Characters of the values that one statement writes, unless a single one is longer. */
const SLICE_CHARACTERS = 8 * 1024 * 1024;

/** A row that is there. */
export interface StoredNode extends NodeRow {
  readonly id: string;
}

/** A row to be written, with the revision that gave it its value. */
export interface RevisedRow extends NodeRow {
  readonly revision: number;
}

/** The rows of one database, inside a transaction. */
export class NodesTable {
  readonly #client: pg.ClientBase;
  readonly #nodes: string;
  readonly #database: string;

  constructor(client: pg.ClientBase, { nodes }: Tables, database: string) {
    this.#client = client;
    this.#nodes = nodes;
    this.#database = database;
  }

  /** The rows at these paths. */
  async at(paths: readonly string[]): Promise<StoredNode[]> {
    const { rows } = await this.#client.query<StoredNode>(
      `select id, path, value, priority from ${this.#nodes}
        where database = $1 and left(path, ${INDEXED_CHARACTERS}) = any($2::text[]) and path = any($3::text[])`,
      [this.#database, [...new Set(paths.map(indexedPart))], paths],
    );
    return rows;
  }

  /** One leaf in each of the ranges that have any. Each is looked for by the index, so what a range leaves out costs nothing. */
  async leavesIn(ranges: Iterable<PathRange>): Promise<string[]> {
    const found: string[] = [];
    for (const slice of slicesOf(ranges)) {
      const { rows } = await this.#client.query<{ path: string }>(
        `select found.path from unnest($2::text[], $3::text[]) r(low, high) cross join lateral (
            select n.path from ${this.#nodes} n where ${IN_RANGE} and n.value is not null
            order by left(n.path, ${INDEXED_CHARACTERS}) limit 1
          ) found`,
        [this.#database, slice.map(({ low }) => low), slice.map(({ high }) => high)],
      );
      for (const { path } of rows) found.push(path);
    }
    return found;
  }

  /** Deletes everything below the paths. */
  async deleteBelow(paths: readonly string[]): Promise<void> {
    for (let start = 0; start < paths.length; start += SLICE_PATHS) {
      const slice = paths.slice(start, start + SLICE_PATHS);
      for (let deleted = SLICE_ROWS; deleted === SLICE_ROWS; ) {
        const { rowCount } = await this.#client.query(
          `delete from ${this.#nodes} where id = any(array(
              select below.id from unnest($2::text[]) top(path) cross join lateral (
                select n.id from ${this.#nodes} n where ${BELOW_TOP}
                order by left(n.path, ${INDEXED_CHARACTERS}) limit ${SLICE_ROWS}
              ) below limit ${SLICE_ROWS}
            ))`,
          [this.#database, slice],
        );
        deleted = rowCount ?? 0;
      }
    }
  }

  async delete(rows: readonly StoredNode[]): Promise<void> {
    const ids = rows.map(({ id }) => id);
    await this.#client.query(`delete from ${this.#nodes} where id = any($1::bigint[])`, [ids]);
  }

  /** Gives rows new values and priorities. */
  async update(rows: readonly (RevisedRow & StoredNode)[]): Promise<void> {
    for (const slice of slicesOf(rows)) {
      await this.#client.query(
        `update ${this.#nodes} n set value = r.value::json, priority = r.priority::json, revision = r.revision
          from unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]) r(id, value, priority, revision) where n.id = r.id`,
        [slice.map(({ id }) => id), ...columnsOf(slice)],
      );
    }
  }

  async insert(rows: Iterable<RevisedRow>): Promise<void> {
    for (const slice of slicesOf(rows)) {
      const paths = slice.map(({ path }) => path);
      const parents = paths.map(parentText);
      const keys = paths.map((path, index) => path.slice(parents[index]!.length + 1));
      await this.#client.query(
        `insert into ${this.#nodes} (database, path, parent, key, value, priority, revision)
          select $1, path, parent, key, value::json, priority::json, revision
          from unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[])
            r(path, parent, key, value, priority, revision)`,
        [this.#database, paths, parents, keys, ...columnsOf(slice)],
      );
    }
  }
}

/** That the row `n` is below the path `top`: by the index, then exactly. A slash comes right before a nought in the order of bytes. */
const BELOW_TOP = `n.database = $1
  and left(n.path, ${INDEXED_CHARACTERS}) >= left(top.path || '/', ${INDEXED_CHARACTERS})
  and left(n.path, ${INDEXED_CHARACTERS}) <= left(top.path || '0', ${INDEXED_CHARACTERS})
  and n.path > top.path || '/' and n.path < top.path || '0'`;

/** That the row `n` is in the range `r`: by the index, then exactly. */
const IN_RANGE = `n.database = $1
  and left(n.path, ${INDEXED_CHARACTERS}) >= left(r.low, ${INDEXED_CHARACTERS})
  and left(n.path, ${INDEXED_CHARACTERS}) <= left(r.high, ${INDEXED_CHARACTERS})
  and n.path >= r.low and n.path < r.high`;

function columnsOf(
  rows: readonly RevisedRow[],
): [values: (string | null)[], priorities: (string | null)[], revisions: number[]] {
  return [
    rows.map(({ value }) => jsonOf(value)),
    rows.map(({ priority }) => jsonOf(priority)),
    rows.map(({ revision }) => revision),
  ];
}

function jsonOf(value: Leaf | Priority): string | null {
  return value === null ? null : encodeLeaf(value);
}

function* slicesOf<Row extends NodeRow | PathRange>(rows: Iterable<Row>): Generator<Row[], undefined> {
  let slice: Row[] = [];
  let characters = 0;
  for (const row of rows) {
    slice.push(row);
    characters += 'value' in row && typeof row.value === 'string' ? row.value.length : 0;
    if (slice.length < SLICE_ROWS && characters < SLICE_CHARACTERS) continue;
    yield slice;
    slice = [];
    characters = 0;
  }
  if (slice.length > 0) yield slice;
}
