import type { Credentials, Principal } from '@backside/protocol';
import { expect, it } from 'vitest';
import { type ConnectOptions, connect } from '../connect.js';
import type { Database } from '../database.js';
import { type AsyncStorage, keyValue } from '../offline/index.js';
import { type MemoryServer, openMemoryServer, put, valueAt } from '../testing/memory-server.js';
import { until } from '../testing/until.js';

/** A server whose tokens are the ids of users. */
function serverOfUsers(): Promise<MemoryServer> {
  const principalOf = ({ token }: Credentials): Principal =>
    token === undefined ? { kind: 'nobody' } : { kind: 'user', uid: token, provider: 'test', claims: {} };
  return openMemoryServer({ authenticate: async (credentials) => principalOf(credentials) });
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

async function signedIn(server: MemoryServer, storage: AsyncStorage, uid: string): Promise<Database> {
  const options: ConnectOptions = { socket: server.socket, persistence: keyValue(storage) };
  const db: Database = connect('ws://test', options);
  await db.connection.setToken(async () => uid);
  return db;
}

/** Ann has read `/read`, and has written `/written` while she was offline. */
async function leftByAnn(server: MemoryServer, storage: AsyncStorage): Promise<void> {
  const ann = await signedIn(server, storage, 'ann');
  const seen: unknown[] = [];
  ann.on('/read', (value) => seen.push(value));
  await until(() => seen.length === 1 && ann.user?.uid === 'ann');
  ann.goOffline();
  ann.set('/written', 'by ann').catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await ann.close();
}

it('what a user left unsent goes out when that user is back, once', async () => {
  const [server, storage] = [await serverOfUsers(), memoryStorage()];
  await leftByAnn(server, storage);
  const back = await signedIn(server, storage, 'ann');
  await until(() => valueAt(server, '/written') === 'by ann');
  const { revision } = server.database;
  await back.close();
  const again = await signedIn(server, storage, 'ann');
  await until(() => again.user?.uid === 'ann');
  await again.set('/later', 1);
  expect(server.database.revision).toBe(revision + 1);
  await again.close();
});

it('nothing that a user left unsent is sent for the next one, nor shown once that one is known', async () => {
  const [server, storage] = [await serverOfUsers(), memoryStorage()];
  await put(server, '/read', 'for ann');
  await leftByAnn(server, storage);
  const bob = await signedIn(server, storage, 'bob');
  const refused: string[] = [];
  bob.onRefused((error) => refused.push(error.code));
  await until(() => refused.length === 1, 'the refusal');
  expect(refused).toEqual(['unauthenticated']);
  await bob.set('/own', 'by bob');
  await until(() => bob.user?.uid === 'bob');
  await bob.close();
  expect(valueAt(server, '/written')).toBe(null);
  server.reachable = false;
  const offline = await signedIn(server, storage, 'bob');
  const shown: unknown[] = [];
  offline.on('/read', (value) => shown.push(value));
  offline.on('/written', (value) => shown.push(value));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(shown).toEqual([]);
  await offline.close();
});

/** What is shown of Ann's data and of her unsent write, without a server, where the device knows who is signed in. */
async function shownTo(server: MemoryServer, storage: AsyncStorage, uid: string | null): Promise<unknown[]> {
  server.reachable = false;
  const db = connect('ws://test', { socket: server.socket, persistence: keyValue(storage) });
  db.expectUser(async () => uid);
  const shown: unknown[] = [];
  db.on('/read', (value) => shown.push(value));
  db.on('/written', (value) => shown.push(value));
  await new Promise((resolve) => setTimeout(resolve, 50));
  await db.close();
  server.reachable = true;
  return shown;
}

it('what a user left is shown to that user alone where it is known who is signed in, and kept for the return', async () => {
  const [server, storage] = [await serverOfUsers(), memoryStorage()];
  await put(server, '/read', 'for ann');
  await leftByAnn(server, storage);
  expect(await shownTo(server, storage, null)).toEqual([]);
  expect(await shownTo(server, storage, 'bob')).toEqual([]);
  expect((await shownTo(server, storage, 'ann')).sort()).toEqual(['by ann', 'for ann']);
  expect(valueAt(server, '/written')).toBe(null);
  const back = await signedIn(server, storage, 'ann');
  await until(() => valueAt(server, '/written') === 'by ann');
  await back.close();
});

it("what nobody writes where a user has left something is not taken for that user's", async () => {
  const [server, storage] = [await serverOfUsers(), memoryStorage()];
  await leftByAnn(server, storage);
  const db = connect('ws://test', { socket: server.socket, persistence: keyValue(storage) });
  db.expectUser(async () => null);
  await db.set('/public', 'by nobody');
  expect([valueAt(server, '/public'), valueAt(server, '/written')]).toEqual(['by nobody', null]);
  await db.close();
});

it('once the server has said that nobody is here nothing that a user left is shown', async () => {
  const [server, storage] = [await serverOfUsers(), memoryStorage()];
  await put(server, '/read', 'for ann');
  await leftByAnn(server, storage);
  const db = connect('ws://test', { socket: server.socket, persistence: keyValue(storage) });
  await db.get('/public');
  db.goOffline();
  const shown: unknown[] = [];
  db.on('/read', (value) => shown.push(value));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(shown).toEqual([]);
  await db.close();
});

it('a cache that is cleared takes the writes without an answer with it: refused, shown no more, never made', async () => {
  const [server, storage] = [await serverOfUsers(), memoryStorage()];
  const ann = await signedIn(server, storage, 'ann');
  await until(() => ann.user?.uid === 'ann');
  const shown: unknown[] = [];
  ann.on('/written', (value) => shown.push(value));
  await until(() => shown.length === 1);
  ann.goOffline();
  const refused: string[] = [];
  ann.onRefused((error) => refused.push(error.code));
  const written = ann.set('/written', 'by ann');
  const outcome = expect(written).rejects.toMatchObject({ code: 'unauthenticated' });
  await ann.clearCache();
  await outcome;
  expect([shown, refused]).toEqual([[null, 'by ann', null], ['unauthenticated']]);
  ann.goOnline();
  await ann.set('/later', 1);
  expect(valueAt(server, '/written')).toBe(null);
  await ann.close();
  expect((await storage.getAllKeys()).filter((key) => key.includes('w/'))).toEqual([]);
});
