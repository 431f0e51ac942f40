import { createMemoryPrivateTree } from '@backside/auth';
import { SILENT_LOGGER } from '@backside/protocol';
import { expect, test } from 'vitest';
import { Departed } from './departed.js';
import { FunctionStore } from './function-store.js';
import { PLACES } from './places.js';
import { type DeclaredFunction, Registry } from './registry.js';
import { pendingEntry } from './stored-event.js';

const HOUR_MS = 3_600_000;
const EVENT = { id: 'e', time: 0, missed: 0 };

function declared(name: string): DeclaredFunction {
  return { name, file: name.split(':')[0]!, trigger: { kind: 'user-created' }, options: {} };
}

async function open() {
  const tree = createMemoryPrivateTree();
  await tree.update([{ path: PLACES.lease, value: { holder: 'me', beat: 1 } }]);
  const store = new FunctionStore(tree, 'me');
  const registry = new Registry({ store, pointFor: () => ({ epoch: 'e', revision: 0 }) });
  const clock = { now: 1_000_000 };
  const departed = new Departed({ store, registry, now: () => clock.now, logger: SILENT_LOGGER });
  const declare = async (names: readonly string[], broken: readonly string[] = []): Promise<void> => {
    registry.declare(names.map(declared), new Set(broken));
    await registry.settle();
    await departed.step();
  };
  const passHours = async (hours: number): Promise<void> => {
    clock.now += hours * HOUR_MS;
    await departed.step();
  };
  const wait = (name: string): Promise<void> =>
    tree.update([
      pendingEntry(name, 'u1', { event: EVENT, head: 1 }),
      { path: PLACES.tries(name, 'u1'), value: JSON.stringify({ attempts: 1, notBefore: 0, reason: 'no' }) },
    ]);
  const waiting = (): string[] => [...tree.keys(PLACES.pending), ...tree.keys(PLACES.triesAll)];
  return { tree, declare, passHours, wait, waiting };
}

test('what waits for a function that is gone is dropped after a day', async () => {
  const { tree, declare, passHours, wait, waiting } = await open();
  await declare(['a:f', 'b:f']);
  await wait('a:f');
  await wait('b:f');
  await declare(['b:f']);
  await passHours(23);
  expect(waiting()).toEqual(['a:f', 'b:f', 'a:f', 'b:f']);
  await passHours(2);
  expect(waiting()).toEqual(['b:f', 'b:f']);
  expect(tree.keys(PLACES.gone)).toEqual([]);
});

test('a function that comes back, or whose file cannot be loaded for a while, keeps what waits for it', async () => {
  const { tree, declare, passHours, wait, waiting } = await open();
  await declare(['a:f', 'b:f']);
  await wait('a:f');
  await wait('b:f');
  await declare([], ['b']);
  await passHours(20);
  await declare(['a:f'], ['b']);
  await passHours(20);
  expect(waiting()).toEqual(['a:f', 'b:f', 'a:f', 'b:f']);
  expect(tree.keys(PLACES.gone)).toEqual([]);
});
