import { randomUUID } from 'node:crypto';
import type { Json } from '@backside/tree';
import type { BackendjsContext } from '../context.js';
import { toBool } from '../http/coercion.js';
import { LegacyError } from '../http/legacy-error.js';
import { equals } from '../rows/condition.js';
import { deleteSteps, putSteps } from '../rows/row-write.js';
import { Rows } from '../rows/rows.js';
import type { Selection } from '../rows/select.js';
import { newRow, type Row } from '../rows/table.js';
import { PAGES } from '../rows/tables.js';

const MAX_ID = 256;

/** What a client may say of a page. */
export const PAGE_COLUMNS = ['title', 'subtitle', 'icon', 'link', 'content', 'toc', 'pub'] as const;

/** Which rows of a select, and in what order. */
type PageWish = Pick<Selection, 'conditions' | 'count' | 'page' | 'sort' | 'descending'>;

/** A small wiki: rows of bk_pages. Everybody with an account reads and writes all pages; guests read those that are `pub`. */
export class Pages {
  readonly #context: BackendjsContext;
  readonly #rows: Rows;

  constructor(context: BackendjsContext) {
    this.#context = context;
    this.#rows = new Rows(context.database, context.tree);
  }

  /** The page, by default the main one, which there always is. Throws 404, and 400 for a guest whom the page is not for. */
  get(id: string, isGuest: boolean): Row {
    const main = this.#context.settings.pagesMain;
    const known = id === '' ? main : id;
    const page = this.#rows.get(PAGES, { id: checkedId(known) }) ?? (known === main ? emptyPage(main) : null);
    if (page === null) throw new LegacyError(404, 'no page found');
    if (isGuest && !toBool(page.pub)) throw new LegacyError(400, 'Access to page denied');
    return page;
  }

  /** One page of the rows that pass; guests see those that are `pub` only. */
  async list({ conditions, ...wish }: PageWish, isGuest: boolean): Promise<readonly Row[]> {
    const seen = isGuest ? [...conditions, equals(PAGES, 'pub', true)] : conditions;
    const { rows } = await this.#rows.page(PAGES, { ...wish, conditions: seen, start: null });
    return rows;
  }

  /** Replaces a page, or adds one under a new id, and gives it. */
  async put(id: string, columns: Readonly<Record<string, Json>>, userId: string): Promise<Row> {
    const page = newRow({
      ...columns,
      id: id === '' ? randomUUID().replaceAll('-', '') : checkedId(id),
      userid: userId,
      mtime: this.#context.now(),
    });
    await this.#rows.write(PAGES, putSteps(PAGES, page));
    return page;
  }

  /** No error if there is none. */
  async remove(id: string): Promise<void> {
    if (id === '') throw new LegacyError(400, 'id is required');
    await this.#rows.write(PAGES, deleteSteps(PAGES, { id: checkedId(id) }));
  }
}

function checkedId(id: string): string {
  if (id.length > MAX_ID) throw new LegacyError(400, 'invalid id');
  return id;
}

function emptyPage(id: string): Row {
  return newRow({ id, title: 'Main page', content: '' });
}
