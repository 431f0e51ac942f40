import type { Json } from '@backside/tree';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type LegacyFixture, startLegacy } from '../testing/legacy-fixture.js';
import { conditionsOf, passes } from './condition.js';
import { databaseRowStore, type RowStore } from './row-store.js';
import { putSteps } from './row-write.js';
import { Rows } from './rows.js';
import { type Page, selectPage } from './select.js';
import { newRow, type Table } from './table.js';
import { CONFIG, CONNECTIONS, MESSAGES } from './tables.js';

let server: LegacyFixture;
let rows: Rows;
let store: RowStore;
let reads: number;

beforeEach(async () => {
  server = await startLegacy();
  rows = new Rows(server.database, server.tree);
  store = counting(databaseRowStore(server.database));
  reads = 0;
});

afterEach(() => server.close());

/** Counts the children that are read. */
function counting(inner: RowStore): RowStore {
  return {
    ...inner,
    children: (path, range) => {
      const children = inner.children(path, range);
      reads += children.length;
      return children;
    },
  };
}

async function put(table: Table, ...columns: Readonly<Record<string, Json>>[]): Promise<void> {
  await rows.write(
    table,
    columns.flatMap((row) => putSteps(table, newRow(row))),
  );
}

interface Ask {
  readonly where?: Readonly<Record<string, Json>>;
  readonly ops?: Readonly<Record<string, string>>;
  readonly count?: number;
  readonly page?: number;
  readonly start?: Json;
  readonly sort?: string;
  readonly descending?: boolean;
}

function select(table: Table, { where = {}, ops = {}, ...ask }: Ask = {}): Promise<Page> {
  const conditions = conditionsOf(table, new Map(Object.entries(where)), new Map(Object.entries(ops)));
  const rest = { count: 0, page: 0, start: null, sort: '', descending: false, ...ask };
  return selectPage({ store, table, conditions, ...rest });
}

/** Follows the tokens to the end. */
async function everyPage(table: Table, ask: Ask): Promise<string[][]> {
  const pages: string[][] = [];
  let start: Json = null;
  do {
    const page: Page = await select(table, { ...ask, start });
    pages.push(page.rows.map(({ type, peer }) => `${type}:${peer}`));
    start = page.next;
  } while (start !== null && pages.length < 100);
  return pages;
}

const connection = (type: string, peer: string, more: Readonly<Record<string, Json>> = {}) => ({
  id: 'me',
  type,
  peer,
  mtime: 1,
  ...more,
});

describe('rows that are large', () => {
  test('come in pages that an answer can hold, and none is left out', async () => {
    const text = 'x'.repeat(1024 * 1024);
    for (let n = 0; n < 40; n++)
      await put(MESSAGES, { id: 'ann', mtime: 1_000_000_000_000 + n, sender: 'bob', msg: text });
    const pages: number[] = [];
    let start: Json = null;
    do {
      const page = await select(MESSAGES, { where: { id: 'ann' }, count: 999, start });
      pages.push(page.rows.length);
      start = page.next;
    } while (start !== null);
    expect(pages).toEqual([16, 16, 8]);
    expect(reads).toBeLessThanOrEqual(60);
    const sorted = await select(MESSAGES, { where: { id: 'ann' }, count: 999, sort: 'msg' });
    expect(sorted.rows).toHaveLength(16);
  });
});

describe('pages', () => {
  beforeEach(async () => {
    const peers = ['a', 'b', 'c', 'd', 'e'];
    await put(
      CONNECTIONS,
      ...peers.flatMap((peer) => ['follow', 'invite', 'like'].map((type) => connection(type, peer))),
    );
    await put(CONNECTIONS, { ...connection('like', 'z'), id: 'other' });
  });

  test('follow one another through all levels, in either direction', async () => {
    const all = ['follow', 'invite', 'like'].flatMap((type) =>
      ['a', 'b', 'c', 'd', 'e'].map((peer) => `${type}:${peer}`),
    );
    for (const count of [1, 2, 4, 5, 7, 15, 20]) {
      const pages = await everyPage(CONNECTIONS, { where: { id: 'me' }, count });
      expect(pages.flat()).toEqual(all);
      expect(pages.every((page) => page.length <= count)).toBe(true);
      const backwards = await everyPage(CONNECTIONS, { where: { id: 'me' }, count, descending: true });
      expect(backwards.flat()).toEqual([...all].reverse());
    }
  });

  test('a token of another table or of nothing at all begins at the beginning', async () => {
    for (const start of ['x', 7, {}, ['me'], ['me', 'like', 'a', 'b'], ['me', 'a/b', 'c'], [1, 2, 3]]) {
      const page = await select(CONNECTIONS, { where: { id: 'me' }, count: 1, start });
      expect(page.rows[0]?.peer).toBe('a');
    }
  });

  test('a token never leads to rows of somebody else', async () => {
    const page = await select(CONNECTIONS, { where: { id: 'me' }, start: ['other', 'like', 'a'] });
    expect(page.rows.every(({ id }) => id === 'me')).toBe(true);
  });

  test('can be skipped by number', async () => {
    const page = await select(CONNECTIONS, { where: { id: 'me', type: 'like' }, count: 2, page: 2 });
    expect(page.rows.map(({ peer }) => peer)).toEqual(['c', 'd']);
  });

  test('can be ordered by a column', async () => {
    await put(
      CONNECTIONS,
      connection('rank', 'x', { score: 2 }),
      connection('rank', 'y', { score: 10 }),
      connection('rank', 'w'),
    );
    const where = { id: 'me', type: 'rank' };
    const first = await select(CONNECTIONS, { where, sort: 'score', descending: true, count: 2 });
    expect(first.rows.map(({ peer }) => peer)).toEqual(['y', 'x']);
    const second = await select(CONNECTIONS, { where, sort: 'score', descending: true, count: 2, start: first.next });
    expect(second).toEqual({ rows: [newRow(connection('rank', 'w'))], next: null });
  });
});

test('a page reads about what it holds, however much there is', async () => {
  const peers = Array.from({ length: 3000 }, (_, i) => `p${String(i).padStart(5, '0')}`);
  for (let at = 0; at < peers.length; at += 500) {
    await put(CONNECTIONS, ...peers.slice(at, at + 500).map((peer) => connection('like', peer)));
  }
  const where = { id: 'me', type: 'like' };
  const page = await select(CONNECTIONS, { where, ops: { type: '=' }, count: 10, start: ['me', 'like', 'p01500'] });
  expect(page.rows[0]?.peer).toBe('p01501');
  expect(reads).toBeLessThanOrEqual(100);
  reads = 0;
  const byBeginning = await select(CONNECTIONS, { where, count: 10 });
  expect(byBeginning.rows.map(({ peer }) => peer)).toEqual(peers.slice(0, 10));
  const next = await select(CONNECTIONS, { where, count: 10, start: byBeginning.next, descending: true });
  expect(next.rows.map(({ peer }) => peer)).toEqual(peers.slice(0, 9).reverse());
  expect(reads).toBeLessThanOrEqual(200);
});

describe('conditions on the key', () => {
  const message = (mtime: number, sender: string) => ({ id: 'me', mtime, sender, msg: `${mtime} of ${sender}` });
  const T = 1_700_000_000_000;

  beforeEach(async () => {
    await put(MESSAGES, ...[0, 1, 2, 3].flatMap((i) => [message(T + i, 'ann'), message(T + i, 'bob')]));
  });

  test.each([
    ['=', [1, 1]],
    ['gt', [2, 2, 3, 3]],
    ['ge', [1, 1, 2, 2, 3, 3]],
    ['lt', [0, 0]],
    ['le', [0, 0, 1, 1]],
    ['!=', [0, 0, 2, 2, 3, 3]],
  ])('mtime %s', async (operator, offsets) => {
    const page = await select(MESSAGES, { where: { id: 'me', mtime: String(T + 1) }, ops: { mtime: operator } });
    expect(page.rows.map(({ mtime }) => Number(mtime) - T)).toEqual(offsets);
  });

  test('times with another number of digits are compared as numbers', async () => {
    const after = await select(MESSAGES, { where: { id: 'me', mtime: '99999999999' }, ops: { mtime: 'gt' } });
    expect(after.rows).toHaveLength(8);
    const before = await select(MESSAGES, { where: { id: 'me', mtime: '5' }, ops: { mtime: 'lt' } });
    expect(before.rows).toHaveLength(0);
  });

  test('the beginning of a type', async () => {
    await put(CONNECTIONS, ...['-1', '1', '10', '2', 'like', 'liked', 'love'].map((type) => connection(type, 'x')));
    const typesFor = async (type: string) =>
      (await select(CONNECTIONS, { where: { id: 'me', type } })).rows.map((row) => row.type);
    expect(await typesFor('like')).toEqual(['like', 'liked']);
    expect(await typesFor('1')).toEqual(['1', '10']);
    expect(await typesFor('-')).toEqual(['-1']);
  });
});

test('rows of the private tree are selected alike', async () => {
  await put(CONFIG, { type: 'app', name: 'a', value: '1' }, { type: 'app', name: 'b', value: '2' });
  expect(await rows.count(CONFIG, conditionsOf(CONFIG, new Map([['type', 'app']]), new Map()))).toBe(2);
  expect(rows.get(CONFIG, newRow({ type: 'app', name: 'b' }))).toMatchObject({ name: 'b', value: '2' });
});

test('any select over random rows is what a filter and a sort over all of them is', async () => {
  const random = seededRandom(7);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const types = ['a', 'ab', 'b', '1', '10', '-3'];
  const peers = ['x', 'y', 'z.1', '7', '07', 'w:q'];
  const all = types.flatMap((type) => peers.map((peer) => connection(type, peer, { n: Math.floor(random() * 4) })));
  const some = all.filter(() => random() < 0.7);
  await put(CONNECTIONS, ...some);
  const walked = (await select(CONNECTIONS, { where: { id: 'me' } })).rows;
  expect(new Set(walked.map(({ type, peer }) => `${type}:${peer}`)).size).toBe(some.length);
  for (let round = 0; round < 60; round += 1) {
    const [type, operator, n, count] = [
      pick(types),
      pick(['=', 'begins_with', 'ge', '!=']),
      pick(['1', '2']),
      pick([1, 3, 10]),
    ];
    const descending = random() < 0.5;
    const where = { id: 'me', type, n };
    const pages = await everyPage(CONNECTIONS, { where, ops: { type: operator, n: 'ge' }, count, descending });
    const conditions = conditionsOf(
      CONNECTIONS,
      new Map(Object.entries(where)),
      new Map([
        ['type', operator],
        ['n', 'ge'],
      ]),
    );
    const expected = walked.filter((row) => passes(row, conditions)).map((row) => `${row.type}:${row.peer}`);
    expect(pages.flat()).toEqual(descending ? expected.reverse() : expected);
  }
});

/** The same sequence in every run. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}
