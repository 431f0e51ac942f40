import type { WriteStep } from '@backside/api';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type LegacyFixture, startLegacy } from '../testing/legacy-fixture.js';
import { InterruptedRemovals } from './interrupted-removals.js';

let server: LegacyFixture;
let ids: string[];
let removals: InterruptedRemovals | null = null;

beforeAll(async () => {
  server = await startLegacy();
});
afterAll(() => server.close());

beforeEach(async () => {
  const names = ['u_a', 'u_b', 'u_c'];
  for (const id of names) await server.context.credentials.retire(id);
  ids = await retired();
  expect(ids).toEqual(names);
});
afterEach(() => removals?.close());

const retired = (): Promise<string[]> => server.context.credentials.retired(10);

const onDelete = (id: string): { steps: WriteStep[] } => ({ steps: [{ method: 'remove', path: ['accounts', id] }] });

function start(purge: (id: string) => Promise<void>): InterruptedRemovals {
  removals = new InterruptedRemovals({ ...server.context, accountHooks: [{ onDelete, purge }] });
  return removals;
}

test('a close waits for the removal at hand and leaves the others for later', async () => {
  let goOn = (): void => {};
  const begun = new Promise<void>((resolveBegun) => {
    start(async () => {
      resolveBegun();
      await new Promise<void>((resolve) => {
        goOn = resolve;
      });
    });
  });
  await begun;
  let isClosed = false;
  const closing = removals?.close().then(() => {
    isClosed = true;
  });
  await new Promise(setImmediate);
  expect(isClosed).toBe(false);
  goOn();
  await closing;
  expect(await retired()).toEqual(ids.slice(1));
});

test('one that fails is told of and stays for later, the others are ended', async () => {
  start(async (id) => {
    if (id === 'u_a') throw new Error('the store is away');
  });
  await expect.poll(retired, { timeout: 20_000 }).toEqual(['u_a']);
  expect(server.log.lines).toEqual([expect.stringMatching(/interrupted.*"u_a".*the store is away/)]);
});
