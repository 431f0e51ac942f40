import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parsePath, parseQuery } from '@backside/tree';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ListenTarget } from '../link/connection.js';
import type { WireWrite } from '../link/write.js';
import { file } from '../node/file-store.js';
import { ManualEnvironment } from '../testing/manual-environment.js';
import { type AsyncStorage, keyValue } from './async-storage.js';
import { indexedDb } from './indexed-db.js';
import type { Persistence, SyncStore } from './sync-store.js';

interface Place {
  readonly environment: ManualEnvironment;
  readonly warnings: string[];
  /** What a store writes now and a later one finds. */
  open(maxBytes?: number): SyncStore;
  end(): Promise<void>;
}

type MakePersistence = (options: { environment: ManualEnvironment; maxBytes: number }) => Persistence;

function placeOf(make: MakePersistence, end = async (): Promise<void> => {}): Place {
  const environment = new ManualEnvironment();
  const warnings: string[] = [];
  const open = (maxBytes = 1_000_000): SyncStore =>
    make({ environment, maxBytes }).open('ws://test', (message) => warnings.push(message));
  return { environment, warnings, open, end };
}

const PLACES: Readonly<Record<string, () => Promise<Place>>> = {
  'a key-value storage': async () => {
    const storage = storageOf(new Map());
    return placeOf((options) => keyValue(storage, options));
  },
  IndexedDB: async () => {
    const factory = new IDBFactory();
    globalThis.IDBKeyRange = IDBKeyRange;
    return placeOf((options) => indexedDb({ ...options, factory, locks: null }));
  },
  'a folder': async () => {
    const folder = await mkdtemp(join(tmpdir(), 'backside-store-'));
    return placeOf(
      (options) => file(folder, options),
      () => rm(folder, { recursive: true }),
    );
  },
};

function storageOf(map: Map<string, string>): AsyncStorage {
  return {
    getItem: async (key) => map.get(key) ?? null,
    setItem: async (key, value) => map.set(key, value),
    removeItem: async (key) => map.delete(key),
    getAllKeys: async () => [...map.keys()],
  };
}

const ROOM: ListenTarget = { path: parsePath('/room'), query: null };
const LATEST: ListenTarget = { path: parsePath('/room'), query: parseQuery({ orderBy: 'at', limitToLast: 2 }) };

function at(path: string): ListenTarget {
  return { path: parsePath(path), query: null };
}

function writeOf(key: string): WireWrite {
  return {
    key,
    author: 'ann',
    ackLevel: 'durable',
    steps: [{ method: 'set', path: ['a', key], value: { '.value': 1, '.priority': 2 } }],
  };
}

describe.each(Object.entries(PLACES))('a sync store in %s', (_name, makePlace) => {
  let place: Place;
  beforeEach(async () => {
    place = await makePlace();
  });
  afterEach(async () => {
    await place.end();
  });

  async function reopen(store: SyncStore, maxBytes?: number): Promise<SyncStore> {
    await store.close();
    return place.open(maxBytes);
  }

  test('gives a listen back with its resume point, each view its own', async () => {
    const store = place.open();
    expect(await store.loadListen(ROOM)).toBe(null);
    store.saveListen(ROOM, () => ({ node: { a: 1, __proto__x: 2 }, resume: 'e:7' }));
    store.saveListen(LATEST, () => ({ node: { '.value': 'x', '.priority': 3 }, resume: 'e:8' }));
    const later = await reopen(store);
    expect(await later.loadListen(ROOM)).toEqual({ node: { a: 1, __proto__x: 2 }, resume: 'e:7' });
    expect(await later.loadListen(LATEST)).toEqual({ node: { '.value': 'x', '.priority': 3 }, resume: 'e:8' });
    expect(await later.loadListen(at('/other'))).toBe(null);
    await later.close();
    expect(place.warnings).toEqual([]);
  });

  test('what is to be saved is given to the storage at once, also while an earlier save is under way', async () => {
    const store = place.open();
    store.saveListen(ROOM, () => ({ node: 1, resume: 'e:1' }));
    void store.flush();
    store.saveListen(ROOM, () => ({ node: 2, resume: 'e:2' }));
    void store.flush();
    expect(await store.loadListen(ROOM)).toEqual({ node: 2, resume: 'e:2' });
    await store.close();
  });

  test('saves some time later, once for many changes, what is there then', async () => {
    const store = place.open();
    let asked = 0;
    let value = 0;
    for (value = 1; value < 100; value++) {
      store.saveListen(ROOM, () => {
        asked++;
        return { node: value, resume: `e:${value}` };
      });
    }
    place.environment.advance(10_000);
    await store.flush();
    expect(asked).toBe(1);
    expect(await store.loadListen(ROOM)).toEqual({ node: 100, resume: 'e:100' });
    await store.close();
  });

  test('forgets a dropped listen, also one that was about to be saved', async () => {
    const store = place.open();
    store.saveListen(ROOM, () => ({ node: 1, resume: 'e:1' }));
    await store.flush();
    store.saveListen(ROOM, () => ({ node: 2, resume: 'e:2' }));
    await store.dropListen(ROOM);
    const later = await reopen(store);
    expect(await later.loadListen(ROOM)).toBe(null);
    await later.close();
  });

  test('keeps queued writes in their order until they are dropped', async () => {
    const store = place.open();
    const keys = Array.from({ length: 30 }, (_, index) => `key-${index}`);
    await Promise.all(keys.map((key) => store.saveWrite(writeOf(key))));
    await store.dropWrite('key-3');
    await store.dropWrite('unknown');
    const later = await reopen(store);
    const left = keys.filter((key) => key !== 'key-3');
    expect(await later.loadWrites()).toEqual(left.map(writeOf));
    expect(await later.loadWrites()).toEqual([]);
    await later.dropWrite('key-0');
    await later.saveWrite(writeOf('new'));
    const last = await reopen(later);
    expect((await last.loadWrites()).map(({ key }) => key)).toEqual([...left.slice(1), 'new']);
    await last.close();
  });

  test('keeps the order when the clock goes back between two runs', async () => {
    const store = place.open();
    await store.saveWrite(writeOf('first'));
    place.environment.time -= 500_000;
    const later = await reopen(store);
    await later.loadWrites();
    await later.saveWrite(writeOf('second'));
    const last = await reopen(later);
    expect((await last.loadWrites()).map(({ key }) => key)).toEqual(['first', 'second']);
    await last.close();
  });

  test('evicts what was listened to the longest time ago, and what is held last', async () => {
    const store = place.open(25_000);
    store.hold(at('/p0'));
    for (let index = 0; index < 10; index++) {
      store.saveListen(at(`/p${index}`), () => ({ node: 'x'.repeat(5_000), resume: `e:${index}` }));
      await store.flush();
      place.environment.time += 1_000;
    }
    const kept: number[] = [];
    for (let index = 0; index < 10; index++) if (await store.loadListen(at(`/p${index}`))) kept.push(index);
    expect(kept).toEqual([0, 7, 8, 9]);
    await store.close();
  });

  test('does not keep what is larger than all that may be kept', async () => {
    const store = place.open(1_000);
    store.saveListen(ROOM, () => ({ node: 'x'.repeat(2_000), resume: 'e:1' }));
    await store.flush();
    expect(await store.loadListen(ROOM)).toBe(null);
    expect(place.warnings).toEqual([expect.stringContaining('too large')]);
    await store.close();
  });

  test('forgets everything on clear', async () => {
    const store = place.open();
    store.saveListen(ROOM, () => ({ node: 1, resume: 'e:1' }));
    await store.saveWrite(writeOf('a'));
    await store.flush();
    store.saveListen(LATEST, () => ({ node: 1, resume: 'e:1' }));
    await store.clear();
    const later = await reopen(store);
    expect(await later.loadListen(ROOM)).toBe(null);
    expect(await later.loadListen(LATEST)).toBe(null);
    expect(await later.loadWrites()).toEqual([]);
    await later.close();
  });
});

describe('records that something else wrote, or that are damaged,', () => {
  const FOREIGN = ['', '{', 'null', '[]', '{"v":2}', '{"v":1}', '{"v":1,"resume":5,"node":1}'];
  const BROKEN_NODE = '{"v":1,"resume":"e:1","node":{"a$":1}}';
  const BROKEN_WRITE =
    '{"v":1,"owner":"only","write":{"key":"k","ackLevel":"durable","steps":[{"method":"drop","path":[]}]}}';
  const BROKEN_AUTHOR =
    '{"v":1,"owner":"only","write":{"key":"k","author":1,"ackLevel":"durable","steps":[{"method":"remove","path":[]}]}}';

  test.each([...FOREIGN, BROKEN_NODE])('are dropped with a warning: %j as a listen', async (text) => {
    const map = new Map<string, string>();
    const warnings: string[] = [];
    const store = keyValue(storageOf(map)).open('n', (message) => warnings.push(message));
    map.set('backside/n/l//room', text);
    expect(await store.loadListen(ROOM)).toBe(null);
    expect(map.size).toBe(0);
    expect(warnings.length).toBe(1);
  });

  test.each([...FOREIGN, BROKEN_WRITE, BROKEN_AUTHOR])('are dropped with a warning: %j as a write', async (text) => {
    const map = new Map<string, string>();
    const warnings: string[] = [];
    const store = keyValue(storageOf(map)).open('n', (message) => warnings.push(message));
    map.set('backside/n/w/whatever', text);
    await store.saveWrite(writeOf('good'));
    const later = keyValue(storageOf(map)).open('n', (message) => warnings.push(message));
    expect((await later.loadWrites()).map(({ key }) => key)).toEqual(['good']);
    expect([...map.keys()]).toEqual([expect.stringMatching(/^backside\/n\/w\/\d+-/)]);
    expect(warnings.length).toBe(1);
  });

  test('are dropped with a warning: the use of a listen, with the listen', async () => {
    const map = new Map([
      ['backside/n/u//old', 'broken'],
      ['backside/n/l//old', 'x'],
      ['somebody else', 'x'],
    ]);
    const warnings: string[] = [];
    const store = keyValue(storageOf(map)).open('n', (message) => warnings.push(message));
    store.saveListen(ROOM, () => ({ node: 1, resume: 'e:1' }));
    await store.flush();
    expect([...map.keys()].sort()).toEqual(['backside/n/l//room', 'backside/n/u//room', 'somebody else']);
    expect(warnings.length).toBe(1);
  });
});

test('a full storage gives up listened data for a queued write', async () => {
  const map = new Map<string, string>();
  const whole = storageOf(map);
  const size = (): number => [...map.values()].reduce((sum, text) => sum + text.length, 0);
  const storage: AsyncStorage = {
    ...whole,
    setItem: async (key, value) => {
      if (size() + value.length > 2_000) throw new Error('quota exceeded');
      return whole.setItem(key, value);
    },
  };
  const warnings: string[] = [];
  const store = keyValue(storage, { maxBytes: 1_900 }).open('n', (message) => warnings.push(message));
  store.saveListen(ROOM, () => ({ node: 'x'.repeat(1_700), resume: 'e:1' }));
  await store.flush();
  await store.saveWrite({ ...writeOf('k'), steps: [{ method: 'set', path: ['a'], value: 'y'.repeat(300) }] });
  expect((await store.loadListen(ROOM)) === null && warnings.length).toBe(1);
  await expect(
    store.saveWrite({ ...writeOf('l'), steps: [{ method: 'set', path: ['a'], value: 'y'.repeat(3_000) }] }),
  ).rejects.toThrow('quota exceeded');
});
