import type { WriteStep } from '@backside/api';
import { type Json, parsePath } from '@backside/tree';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LegacyFixture, startLegacy } from '../testing/legacy-fixture.js';
import { databaseRowStore, increment, privateRowStore, type RowStore } from './row-store.js';

let server: LegacyFixture;
beforeAll(async () => {
  server = await startLegacy();
});
afterAll(() => server.close());

const set = (path: string, value: unknown): WriteStep => ({ method: 'set', path: parsePath(path), value });
const expected = (path: string, value: Json) => ({ path: parsePath(path), value });

describe.each<[string, () => RowStore]>([
  ['the main tree', () => databaseRowStore(server.database)],
  ['the private tree', () => privateRowStore(server.tree)],
])('%s', (_, open) => {
  test('reads children in either direction within a range', async () => {
    const store = open();
    await store.write([set('/r/a', 1), set('/r/b', 2), set('/r/c', 3)]);
    const path = ['r'];
    expect(store.children(path, { limit: 2 })).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    expect(store.children(path, { start: 'a', startExclusive: true })).toEqual([
      ['b', 2],
      ['c', 3],
    ]);
    expect(store.children(path, { end: 'c', endExclusive: true, reverse: true, limit: 1 })).toEqual([['b', 2]]);
    expect(store.children(['nowhere'], {})).toEqual([]);
  });

  test('makes all steps or none', async () => {
    const store = open();
    await store.write([set('/w/a', { x: 1 })]);
    const wrong = store.write([set('/w/b', 1)], [expected('/w/a', { x: 2 })]);
    await expect(wrong).rejects.toMatchObject({ code: 'precondition-failed' });
    expect(store.read(['w'])).toEqual({ a: { x: 1 } });
    await store.write(
      [
        { method: 'update', path: ['w', 'a'], value: { y: 2 } },
        { method: 'remove', path: ['w', 'a', 'x'] },
      ],
      [expected('/w/a', { x: 1 }), expected('/w/none', null)],
    );
    expect(store.read(['w'])).toEqual({ a: { y: 2 } });
  });

  test('adds to numbers', async () => {
    const store = open();
    await store.write([set('/i/n', increment(2))]);
    await store.write([set('/i/n', increment(-5))]);
    expect(store.read(['i', 'n'])).toBe(-3);
  });
});
