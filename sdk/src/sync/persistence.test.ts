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
  await new Promise((resolve) => setTimeout(resolve, 20));
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
