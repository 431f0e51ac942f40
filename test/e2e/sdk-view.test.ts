import { connect, type Database } from '@backside/sdk';
import { type AsyncStorage, keyValue } from '@backside/sdk/offline';
import type { Json } from '@backside/tree';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { nodeSocket } from '../../sdk/src/node/socket.js';
import { type ServerHandle, startServer } from '../harness/server.js';

const PATIENCE = { timeout: 20_000, interval: 5 };

let server: ServerHandle;
const open: Database[] = [];

beforeAll(async () => {
  server = await startServer();
});

afterEach(async () => {
  for (const client of open.splice(0)) await client.close();
});

afterAll(async () => {
  await server?.stop();
});

function client(storage?: AsyncStorage): Database {
  const db = connect(server.url, { socket: nodeSocket, ...(storage && { persistence: keyValue(storage) }) });
  open.push(db);
  return db;
}

function memoryStorage(): AsyncStorage {
  const items = new Map<string, string>();
  return {
    getItem: async (key) => items.get(key) ?? null,
    setItem: async (key, value) => void items.set(key, value),
    removeItem: async (key) => void items.delete(key),
    getAllKeys: async () => [...items.keys()],
  };
}

/** Values and states as a listener is told them. */
function follow(db: Database, path: string): [Json, string][] {
  const told: [Json, string][] = [];
  db.on(path, (value, { state }) => told.push([value, state]), { states: true });
  return told;
}

it('stored data is shown first and confirmed although nothing was missed', async () => {
  const storage = memoryStorage();
  const first = client(storage);
  await first.set('/stored', { a: 1 });
  await first.set('/stored-too', 'x');
  const seen = [follow(first, '/stored'), follow(first, '/stored-too')];
  await vi.waitFor(() => expect(seen.map((told) => told.length)).toEqual([1, 1]), PATIENCE);
  await first.close();
  const again = client(storage);
  const [told, toldToo] = [follow(again, '/stored'), follow(again, '/stored-too')];
  await vi.waitFor(() => expect(toldToo.at(-1)).toEqual(['x', 'confirmed']), PATIENCE);
  expect(told).toEqual([
    [{ a: 1 }, 'cached'],
    [{ a: 1 }, 'confirmed'],
  ]);
  expect(await again.get('/stored')).toEqual({ a: 1 });
});

it('transactions of several clients lose nothing', async () => {
  const clients = [client(), client(), client()];
  const increments = clients.flatMap((db) =>
    Array.from({ length: 5 }, () => db.transaction('/count', (count) => Number(count) + 1)),
  );
  expect((await Promise.all(increments)).every(({ committed }) => committed)).toBe(true);
  expect(await client().get('/count')).toBe(15);
});

it('what is left for the end of a connection is made when it ends', async () => {
  const leaving = client();
  const watching = follow(client(), '/left');
  await leaving.set('/left', 'here');
  await leaving.ref('/left').onDisconnect().set('gone');
  leaving.goOffline();
  await vi.waitFor(() => expect(watching.at(-1)).toEqual(['gone', 'confirmed']), PATIENCE);
});

it('writes made without a line are shown at once and made once when there is one', async () => {
  const db = client();
  const told = follow(db, '/offline');
  await vi.waitFor(() => expect(told).toEqual([[null, 'confirmed']]), PATIENCE);
  db.goOffline();
  const added = db.set('/offline/n', { '.sv': { increment: 1 } });
  const pushed = db.push('/offline/list', 'x');
  expect(told.at(-1)?.[1]).toBe('pending');
  db.goOnline();
  await added;
  const key = (await pushed).split('/').at(-1) as string;
  expect(await client().get('/offline')).toEqual({ n: 1, list: { [key]: 'x' } });
});
