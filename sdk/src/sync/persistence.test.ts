import type { Json } from '@backside/tree';
import { expect, it } from 'vitest';
import { type AsyncStorage, keyValue } from '../offline/index.js';
import type { SyncStore } from '../offline/sync-store.js';
import { clientOver } from './testing/client.js';
import { MemoryConnection, turn } from './testing/memory-connection.js';
import { MemoryServer } from './testing/memory-server.js';

/** What a phone has. */
class Storage implements AsyncStorage {
  readonly #items = new Map<string, string>();
  async getItem(key: string): Promise<string | null> {
    return this.#items.get(key) ?? null;
  }
  async setItem(key: string, value: string): Promise<void> {
    this.#items.set(key, value);
  }
  async removeItem(key: string): Promise<void> {
    this.#items.delete(key);
  }
  async getAllKeys(): Promise<string[]> {
    return [...this.#items.keys()];
  }
}

function open(storage: Storage): SyncStore {
  return keyValue(storage).open('test', (message, cause) => expect.unreachable(`${message} ${String(cause)}`));
}

it('shows what was stored until the server has confirmed it, and sends again what had no answer', async () => {
  const [storage, server] = [new Storage(), new MemoryServer()];
  const first = new MemoryConnection(server);
  const before = clientOver(first, { store: open(storage) });
  before.db.on('/a', () => {});
  await eventually(() => first.targets.size === 1);
  const made = before.db.set('/a/x', 1);
  await settled(first, made);
  before.db.set('/a/y', 2).catch(() => undefined);
  await before.db.close();

  const second = new MemoryConnection(server);
  const after = clientOver(second, { store: open(storage) });
  const told: [Json, string][] = [];
  after.db.on('/a', (value, { state }) => told.push([value, state]), { states: true });
  await eventually(() => told.some(([value, state]) => state === 'pending' && same(value, { x: 1, y: 2 })));
  await eventually(
    () => told.at(-1)?.[1] === 'confirmed',
    () => second.settle(),
  );
  expect(told.at(-1)).toEqual([{ x: 1, y: 2 }, 'confirmed']);
  expect(server.stateOf({ path: ['a'], query: null })).toEqual({ x: 1, y: 2 });
  expect(server.revision).toBe(2);
  await after.db.close();
});

it('has stored what it knew once the connection is gone, without waiting for more to come', async () => {
  const [storage, server] = [new Storage(), new MemoryServer()];
  server.commit([{ path: ['a'], value: 1 }]);
  const connection = new MemoryConnection(server);
  const environment = { now: Date.now, setTimeout: () => 0, clearTimeout: () => undefined };
  const store = keyValue(storage, { environment }).open('test', () => expect.unreachable());
  const { db } = clientOver(connection, { store });
  db.on('/a', () => {});
  await eventually(() => connection.targets.size === 1);
  await connection.settle();
  const target = { path: ['a'], query: null };
  expect(await store.loadListen(target)).toBe(null);
  connection.turnTo('offline');
  expect((await store.loadListen(target))?.node).toBe(1);
  await db.close();
});

/** What a client is shown first at `/a`, after what is stored has been looked up. */
async function firstShown(storage: Storage, server: MemoryServer, uid?: string): Promise<[Json, string][]> {
  const connection = new MemoryConnection(server);
  const { db } = clientOver(connection, { store: open(storage) });
  if (uid !== undefined) {
    connection.become(uid);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const told: [Json, string][] = [];
  db.on('/a', (value, { state }) => told.push([value, state]));
  await new Promise((resolve) => setTimeout(resolve, 20));
  await db.close();
  return told;
}

/** Ann has listened to `/a`, which is 1, and has written there without getting an answer. */
async function leftByAnn(): Promise<{ storage: Storage; server: MemoryServer }> {
  const [storage, server] = [new Storage(), new MemoryServer()];
  const connection = new MemoryConnection(server);
  const { db } = clientOver(connection, { store: open(storage) });
  server.commit([{ path: ['a'], value: 1 }]);
  connection.become('ann');
  db.on('/a', () => {});
  await eventually(() => connection.targets.size === 1);
  await connection.settle();
  db.set('/b', 2).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await db.close();
  return { storage, server };
}

it('shows what the last user has left until the server says that another one is here, and nothing of it from then on', async () => {
  const { storage, server } = await leftByAnn();
  expect(await firstShown(storage, server)).toEqual([[1, 'cached']]);
  expect(await firstShown(storage, server, 'ann')).toEqual([[1, 'cached']]);
  expect(await firstShown(storage, server, 'bob')).toEqual([]);
  expect(await firstShown(storage, server)).toEqual([]);
});

it('hands on what was written with who wrote it, also in a process that has not heard who it is', async () => {
  const { storage, server } = await leftByAnn();
  const second = clientOver(new MemoryConnection(server), { store: open(storage), now: 2_000_000 });
  await new Promise((resolve) => setTimeout(resolve, 20));
  second.db.set('/c', 3).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await second.db.close();
  const sent: (string | undefined)[] = [];
  const third = new MemoryConnection(server);
  const { write } = third;
  third.write = (given) => {
    sent.push(given.author);
    return write.call(third, given);
  };
  const { db } = clientOver(third, { store: open(storage) });
  await eventually(() => sent.length === 2);
  expect(sent).toEqual(['ann', 'ann']);
  await db.close();
});

it('forgets the writes of a user who left when another one comes, and everything when it is told to', async () => {
  const { storage, server } = await leftByAnn();
  await firstShown(storage, server, 'bob');
  expect(await open(storage).loadWrites()).toEqual([]);
  const again = await leftByAnn();
  const { db } = clientOver(new MemoryConnection(again.server), { store: open(again.storage) });
  await db.clearCache();
  await db.close();
  expect(await open(again.storage).loadWrites()).toEqual([]);
  expect(await firstShown(again.storage, again.server)).toEqual([]);
});

function same(a: Json, b: Json): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Lets everything through until the promise has settled. */
async function settled(connection: MemoryConnection, promise: Promise<unknown>): Promise<void> {
  let done = false;
  void promise.finally(() => {
    done = true;
  });
  await eventually(
    () => done,
    () => connection.settle(),
  );
}

async function eventually(holds: () => boolean, step: () => Promise<void> = turn): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) expect.unreachable('waited in vain');
    await step();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
