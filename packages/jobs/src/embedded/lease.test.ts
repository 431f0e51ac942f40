import { createMemoryPrivateTree } from '@backside/auth';
import { expect, test } from 'vitest';
import { Lease } from './lease.js';
import { PATHS } from './records.js';

const LIFE_MS = 900;

function newLease() {
  const tree = createMemoryPrivateTree();
  const time = { now: 0 };
  const lease = new Lease({ tree, lifeMs: LIFE_MS, monotonic: () => time.now });
  return { tree, time, lease, holders: () => tree.keys(PATHS.holders) };
}

test('a lease is kept only while it is needed', async () => {
  const { lease, holders } = newLease();
  expect(holders()).toEqual([]);
  await lease.assure();
  expect(holders()).toEqual([lease.id]);
  await lease.end();
  expect(holders()).toEqual([]);
});

test('a fresh lease needs no write, an old one is renewed', async () => {
  const { lease, tree, time } = newLease();
  const beat = () => tree.read([...PATHS.holders, lease.id, 'beat']);
  await lease.assure();
  time.now = LIFE_MS / 3;
  await lease.assure();
  expect(beat()).toBe(1);
  time.now += 1;
  await lease.assure();
  expect(beat()).toBe(2);
});

test('a lease that somebody took over is lost, and another one begins', async () => {
  const { lease, tree, holders } = newLease();
  await lease.assure();
  const { id, lost } = lease;
  await tree.update([{ path: [...PATHS.holders, id], value: null }]);
  expect(lost.aborted).toBe(false);
  await lease.beat();
  expect(lost.aborted).toBe(true);
  expect(lease.lost.aborted).toBe(false);
  expect(lease.id).not.toBe(id);
  expect(holders()).toEqual([lease.id]);
});

test('who stood still for the life of a lease does not count on it, even if nobody took over', async () => {
  const { lease, time } = newLease();
  await lease.assure();
  const { lost } = lease;
  time.now = LIFE_MS;
  await lease.beat();
  expect(lost.aborted).toBe(true);
});
