import type { Database, WriteStep } from '@backside/api';
import type { PrivateTree } from '@backside/auth';
import { BacksideError } from '@backside/protocol';
import type { Path } from '@backside/tree';
import { rowFrom } from './row-json.js';
import { databaseRowStore, type Expected, privateRowStore, type RowStore } from './row-store.js';
import { countRows, type Page, type Selection, selectPage } from './select.js';
import { pathOf, type Row, type Table } from './table.js';

/** Tries of a write that rests on what was read before it fails with `precondition-failed`. */
const MAX_TRIES = 50;

/** A row and what a write that rests on it is to expect. */
export interface Held {
  /** Null if there is none. */
  readonly row: Row | null;
  readonly expected: Expected;
}

/** The rows of all legacy tables, in whichever tree they stand. */
export class Rows {
  readonly #main: RowStore;
  readonly #private: RowStore;

  constructor(database: Database, tree: PrivateTree) {
    this.#main = databaseRowStore(database);
    this.#private = privateRowStore(tree);
  }

  get(table: Table, key: Row): Row | null {
    return this.hold(table, key).row;
  }

  /** The row, to be written under the condition that it is still the same. */
  hold(table: Table, key: Row): Held {
    return this.holdAt(table, pathOf(table.levels, key));
  }

  holdAt(table: Table, path: Path): Held {
    const store = this.#storeOf(table);
    const value = store.read(path);
    const expected = { path, value };
    if (value === null) return { row: null, expected };
    if (table.privateLevels === null) return { row: rowFrom(table, path, value), expected };
    const more = store.read(pathOf(table.privateLevels, rowFrom(table, path)));
    return { row: rowFrom(table, path, value, more), expected };
  }

  /** What stands at a path now, to be expected there by a write. */
  expected(table: Table, path: Path): Expected {
    return { path, value: this.#storeOf(table).read(path) };
  }

  page(table: Table, selection: Omit<Selection, 'store' | 'table'>): Promise<Page> {
    return selectPage({ ...selection, table, store: this.#storeOf(table) });
  }

  /** Every row that passes. For what belongs to one account; of a table it may be many. */
  async all(table: Table, conditions: Selection['conditions']): Promise<Row[]> {
    const rows: Row[] = [];
    let start: Selection['start'] = null;
    do {
      const page: Page = await this.page(table, { ...WHOLE, conditions, start });
      rows.push(...page.rows);
      start = page.next;
    } while (start !== null);
    return rows;
  }

  count(table: Table, conditions: Selection['conditions']): Promise<number> {
    return countRows({ table, conditions, store: this.#storeOf(table) });
  }

  /** Makes the steps in one commit of the tree that `table` is in. Rejects with `precondition-failed`. */
  async write(table: Table, steps: readonly WriteStep[], expected: readonly Expected[] = []): Promise<void> {
    if (steps.length > 0) await this.#storeOf(table).write(steps, expected);
  }

  #storeOf(table: Table): RowStore {
    return table.tree === 'main' ? this.#main : this.#private;
  }
}

const WHOLE = { count: 0, page: 0, sort: '', descending: false } as const;

/** Does `attempt` again as long as others are in its way. Rejects with `precondition-failed` if they always are. */
export async function untilUndisturbed<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      const disturbed = error instanceof BacksideError && error.code === 'precondition-failed';
      if (!disturbed || tries === MAX_TRIES) throw error;
    }
  }
}
