import { BacksideError } from '@backside/protocol';
import { parsePath } from '@backside/tree';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Connection, Status } from '../link/connection.js';
import { createConnection } from '../link/create-connection.js';
import { ClosedError, RefusedError } from '../link/refused-error.js';
import { Heard, set, target, write } from '../testing/connected.js';
import { type MemoryServer, openMemoryServer, put, valueAt } from '../testing/memory-server.js';
import { until } from '../testing/until.js';
import { indexedDb } from './indexed-db.js';
import type { Locks } from './locks.js';
import type { SyncStore } from './sync-store.js';

interface WaitingPage {
  readonly name: string;
  readonly page: symbol;
  readonly grant: () => void;
}

/** Locks as a browser grants them: in the order of asking, and freed when the page that holds them is gone. */
class PageLocks {
  readonly #holders = new Map<string, symbol>();
  readonly #waiting: WaitingPage[] = [];

  /** `delayMs`: how long it takes until the page's wishes are heard of, as they travel between processes. */
  of(page: symbol, delayMs: number): Locks {
    const travelled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs));
    return {
      hold: async (name, signal) => {
        if (delayMs > 0) await travelled();
        return new Promise((resolve, reject) => {
          const grant = (): void => {
            this.#holders.set(name, page);
            resolve(() => this.#release(name, page));
          };
          const waiting = { name, page, grant };
          this.#waiting.push(waiting);
          signal?.addEventListener('abort', () => {
            if (this.#remove(waiting)) reject(signal.reason);
          });
          this.#grantAll();
        });
      },
      held: async () => new Set(this.#holders.keys()),
    };
  }

  killPage(page: symbol): void {
    for (const waiting of this.#waiting.filter((other) => other.page === page)) this.#remove(waiting);
    for (const [name, holder] of this.#holders) if (holder === page) this.#holders.delete(name);
    this.#grantAll();
  }

  #release(name: string, page: symbol): void {
    if (this.#holders.get(name) === page) this.#holders.delete(name);
    this.#grantAll();
  }

  #remove(waiting: WaitingPage): boolean {
    const at = this.#waiting.indexOf(waiting);
    if (at !== -1) this.#waiting.splice(at, 1);
    return at !== -1;
  }

  #grantAll(): void {
    for (const waiting of [...this.#waiting]) {
      if (!this.#holders.has(waiting.name) && this.#remove(waiting)) waiting.grant();
    }
  }
}

interface Page {
  readonly connection: Connection;
  readonly store: SyncStore;
  readonly statuses: Status[];
  /** The page is gone: nothing of it runs any more, and its locks are free. */
  kill(): void;
  /** The application lets go. */
  close(): Promise<void>;
}

let server: MemoryServer;
let locks: PageLocks;
let factory: IDBFactory;
let warnings: unknown[];
let pages: Page[];

beforeEach(async () => {
  globalThis.IDBKeyRange = IDBKeyRange;
  server = await openMemoryServer();
  locks = new PageLocks();
  factory = new IDBFactory();
  warnings = [];
  pages = [];
});

afterEach(async () => {
  await Promise.all(pages.map((page) => page.close()));
});

let groups = 0;
let group = '';
beforeEach(() => {
  group = `ws://test/${++groups}`;
});

function openPage({ lockDelayMs = 0 } = {}): Page {
  const id = Symbol('page');
  const channels: BroadcastChannel[] = [];
  let alive = true;
  const channel = (name: string): BroadcastChannel => {
    const made = new BroadcastChannel(name);
    const post = made.postMessage.bind(made);
    made.postMessage = (message) => (alive ? post(message) : undefined);
    channels.push(made);
    return made;
  };
  const persistence = indexedDb({ factory, channel, locks: locks.of(id, lockDelayMs) });
  const warn = (message: string, cause?: unknown): number => warnings.push([message, cause]);
  const store = persistence.open(group, warn);
  const real: Connection[] = [];
  const create = (): Connection => {
    const made = createConnection('ws://test', { socket: server.socket, backoff: { firstMs: 2, lastMs: 20 } });
    real.push(made);
    return made;
  };
  const connection = persistence.share!(group, create, store, warn);
  const statuses: Status[] = [];
  connection.onStatus((status) => statuses.push(status));
  const close = async (): Promise<void> => {
    connection.close();
    await store.close();
  };
  const kill = (): void => {
    alive = false;
    for (const made of channels) made.close();
    for (const made of real) made.close();
    locks.killPage(id);
  };
  const page = { connection, store, statuses, kill, close };
  pages.push(page);
  return page;
}

async function online(page: Page): Promise<Page> {
  await until(() => page.connection.status === 'online', 'a page coming online');
  return page;
}

function connections(): number {
  return server.wires.length;
}

describe('a shared connection', () => {
  test('is one for all pages, and tells each what it listens to', async () => {
    const first = await online(openPage());
    const second = await online(openPage());
    const heard = [first, second].map(({ connection }) => {
      const handler = new Heard();
      connection.listen(target('/a'), handler);
      return handler;
    });
    await put(server, '/a', 1);
    await until(() => heard.every(({ lines }) => lines.at(-1) === 'put /a 1'));
    const ack = await second.connection.write(write(set('/a', 2)));
    expect(ack.revision).toBe(2);
    await until(() => heard.every(({ lines }) => lines.at(-1) === 'put /a 2'));
    expect(connections()).toBe(1);
    expect(second.connection.epoch).toBe(server.database.epoch);
  });

  test('does not take a page for gone whose lock is still on its way', async () => {
    await online(openPage());
    const second = openPage({ lockDelayMs: 30 });
    const heard = new Heard();
    second.connection.listen(target('/a'), heard);
    await until(() => heard.lines.at(-1) === 'put /a null');
    await second.connection.write(write(set('/a', 1)));
    await until(() => heard.lines.at(-1) === 'put /a 1');
    expect(connections()).toBe(1);
  });

  test('tells a follower of refusals as they are', async () => {
    await online(openPage());
    const second = await online(openPage());
    const refused = second.connection.write(write(set('/a', { 'b/c': 1 })));
    const error = await refused.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RefusedError);
    expect((error as RefusedError).code).toBe('invalid-data');
  });

  test('ends the listens of a page that is gone', async () => {
    await online(openPage());
    const second = await online(openPage());
    const heard = new Heard();
    second.connection.listen(target('/a'), heard);
    await until(() => heard.lines.length === 1);
    second.kill();
    await until(() => server.wires[0]!.sentByClient.includes('UNSUBSCRIBE'));
  });

  test('is taken over when the leading page is gone: nothing is missed, doubled or lost', async () => {
    const first = await online(openPage());
    const second = await online(openPage());
    const third = await online(openPage());
    const heard = [second, third].map(({ connection }) => {
      const handler = new Heard();
      connection.listen(target('/list'), handler);
      return handler;
    });
    const written: Promise<unknown>[] = [];
    for (let index = 0; index < 60; index++) {
      const page = index % 2 === 0 ? second : third;
      written.push(page.connection.write(write(set(`/list/k${index}`, index))));
      if (index === 30) first.kill();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(written);
    const all = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`k${index}`, index]));
    expect(valueAt(server, '/list')).toEqual(all);
    expect(server.database.revision).toBe(60);
    for (const handler of heard) {
      await until(() => handler.events.at(-1)?.revision === 60, 'the last event');
      const revisions = handler.events.map(({ revision }) => revision);
      expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
    }
    expect(connections()).toBe(2);
    expect(second.statuses.slice(-2)).toEqual(['connecting', 'online']);
    expect(warnings).toEqual([]);
  });

  test('sends what a page had queued when it ended, once', async () => {
    const first = await online(openPage());
    await online(openPage());
    const queued = write({ method: 'push', path: parsePath('/list'), value: 1 });
    await first.store.saveWrite(queued);
    await first.store.saveWrite(write(set('/last', true)));
    first.kill();
    await until(() => valueAt(server, '/last') === true, 'the queued write');
    expect(Object.values(valueAt(server, '/list') as object)).toEqual([1]);
    const later = openPage();
    expect(await later.store.loadWrites()).toEqual([]);
  });

  test('leaves the queued writes of living pages alone', async () => {
    const first = openPage();
    await first.store.saveWrite(write(set('/a', 1)));
    const second = openPage();
    expect(await second.store.loadWrites()).toEqual([]);
    first.kill();
    await until(() => valueAt(server, '/a') === 1);
  });

  test('goes on without the page that goes offline, which comes back with what it has written meanwhile', async () => {
    const first = await online(openPage());
    const second = await online(openPage());
    const heard = new Heard();
    first.connection.listen(target('/a'), heard);
    await until(() => heard.events.length === 1);
    first.connection.goOffline();
    expect(first.connection.status).toBe('offline');
    await second.connection.write(write(set('/a', 1)));
    const written = first.connection.write(write(set('/b', 2)));
    expect(heard.events.length).toBe(1);
    first.connection.goOnline();
    await written;
    await until(() => heard.lines.at(-1) === 'put /a 1');
    expect(heard.events.length).toBe(2);
    expect(server.wires[1]!.sentByClient).toContain(`resume:${server.database.epoch}\\c0`);
    expect(connections()).toBe(2);
  });

  test('makes what a page left for its end, and leaves what others left', async () => {
    const first = await online(openPage());
    const second = await online(openPage());
    const third = await online(openPage());
    const leave = (page: Page, path: string): Promise<unknown> =>
      page.connection.write(write(set(path, 'gone'), { onDisconnect: 'set' }));
    await leave(third, '/p/third');
    await leave(second, '/p');
    await leave(third, '/p/third');
    await leave(first, '/first');
    second.kill();
    await until(() => JSON.stringify(valueAt(server, '/p')) === '"gone"');
    await until(() => server.wires[0]!.sentByClient.split('on-disconnect:').length > 6, 'leaving it again');
    await put(server, '/p', null);
    first.kill();
    await until(() => valueAt(server, '/first') === 'gone');
    expect(valueAt(server, '/p')).toEqual({ third: 'gone' });
  });

  test('is signed in with the tokens of any page, also after that page is gone', async () => {
    server = await openMemoryServer({
      authenticate: async ({ token }) => {
        if (token === 'bad') throw new BacksideError('unauthenticated');
        return token === undefined ? { kind: 'nobody' } : { kind: 'user', uid: token, provider: 'test', claims: {} };
      },
    });
    const first = await online(openPage());
    const second = await online(openPage());
    const third = await online(openPage());
    const uids = (): unknown[] => [second, third].map(({ connection }) => connection.user?.uid);
    await expect(third.connection.setToken(async () => 'bad')).rejects.toMatchObject({ code: 'unauthenticated' });
    await second.connection.setToken(async () => 'ann');
    await until(() => uids().join() === 'ann,ann', 'the user in all pages');
    await third.connection.setToken(async () => 'bob');
    await until(() => uids().join() === 'bob,bob', 'the user in all pages');
    third.kill();
    server.wires[0]!.cut();
    await until(() => second.connection.user?.uid === 'ann', 'the token of the page that stays');
    first.kill();
    await until(() => connections() === 3 && second.connection.user?.uid === 'ann', 'the user with the next leader');
    await second.connection.setToken(null);
    await until(() => second.connection.user === null, 'the sign-out');
  });

  test('once closed rejects what waits, and takes nothing more', async () => {
    server.reachable = false;
    const first = openPage();
    const second = openPage();
    const waiting = [first, second].map(({ connection }) => connection.write(write(set('/a', 1))));
    const settled = Promise.allSettled(waiting);
    first.connection.close();
    second.connection.close();
    for (const outcome of await settled) {
      expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(ClosedError);
    }
    await expect(first.connection.write(write(set('/a', 1)))).rejects.toBeInstanceOf(ClosedError);
    expect(first.connection.status).toBe('closed');
  });

  test('gives up a write when its signal aborts', async () => {
    server.reachable = false;
    openPage();
    const second = openPage();
    const controller = new AbortController();
    const aborted = second.connection.write(write(set('/a', 1)), controller.signal);
    const kept = second.connection.write(write(set('/b', 1)));
    await until(() => second.statuses.length > 0, 'a leader');
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    server.reachable = true;
    await kept;
    expect(valueAt(server, '/')).toEqual({ b: 1 });
  });
});

test('without locks every page has a connection of its own', async () => {
  const persistence = indexedDb({ factory, locks: null });
  const warn = (message: string): number => warnings.push(message);
  const create = (): Connection => createConnection('ws://test', { socket: server.socket });
  const stores = [persistence.open('n', warn), persistence.open('n', warn)];
  const made = stores.map((store) => persistence.share!('n', create, store, warn));
  await until(() => made.every(({ status }) => status === 'online'));
  expect(connections()).toBe(2);
  for (const connection of made) connection.close();
  await Promise.all(stores.map((store) => store.close()));
});
