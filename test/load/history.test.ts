import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClusterNotifier, type ClusterStore, startCluster } from '../harness/cluster.js';
import type { Verdict } from './history/check.js';
import { FAULTS } from './history/faults.js';
import { type FaultyCluster, startFaultyCluster, verdictUnder } from './history/faulty-cluster.js';
import { countFromEnvironment } from './random.js';

/** How often each fault comes; HISTORY_ROUNDS lengthens the run. */
const ROUNDS = countFromEnvironment('HISTORY_ROUNDS', 1);
const CALM_MS = 1_500;
const TIMEOUT_MS = 120_000 + ROUNDS * 60_000;

function expectSound(name: string, verdict: Verdict): void {
  console.info(name, verdict.counts);
  expect(verdict.problems).toEqual([]);
  expect(verdict.counts.acknowledged).toBeGreaterThan(10);
  expect(verdict.counts.events).toBeGreaterThan(10);
}

/** Load before, during and after each round of the fault. */
async function inRounds(fault: () => Promise<void>): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    await sleep(CALM_MS);
    await fault();
  }
  await sleep(CALM_MS);
}

const PAIRINGS: readonly (readonly [ClusterStore, ClusterNotifier])[] = [
  ['mongodb', 'none'],
  ['mongodb', 'nats'],
  ['postgres', 'postgres'],
  ['postgres', 'redis'],
];

describe('every promise is kept in calm by three nodes over', () => {
  for (const [store, notifier] of PAIRINGS) {
    it(`${store} and ${notifier}`, { timeout: TIMEOUT_MS }, async ({ skip }) => {
      const cluster = await startCluster({ nodes: 3, store, notifier });
      if (cluster === null) return skip('a server for it is missing');
      try {
        expectSound(`${store} and ${notifier}`, await verdictUnder(cluster, () => inRounds(() => sleep(CALM_MS))));
      } finally {
        await cluster.stop();
      }
    });
  }
});

const FAULTY_PAIRINGS = [
  ['mongodb', 'amqp', Object.keys(FAULTS)],
  ['mongodb', 'redis', ['the broker is killed', 'a node and the broker are parted']],
  ['postgres', 'nats', ['the broker is killed', 'the store is killed', 'a node and the store are parted']],
] as const;

for (const [store, notifier, faults] of FAULTY_PAIRINGS) {
  describe(`every promise is kept over ${store} and ${notifier} while`, () => {
    let faulty: FaultyCluster | null = null;
    beforeAll(async () => {
      faulty = await startFaultyCluster(store, notifier);
    }, TIMEOUT_MS);
    afterAll(() => faulty?.stop(), TIMEOUT_MS);

    for (const name of faults) {
      it(name, { timeout: TIMEOUT_MS }, async ({ skip }) => {
        if (faulty === null) return skip('a server for it is missing');
        const here = faulty;
        expectSound(name, await here.verdictUnder(() => inRounds(() => FAULTS[name]!(here))));
      });
    }
  });
}

/** What a node preloads so that writing beyond its limit on the size of files fails, as on a full disk, and does not end it. */
const FULL_DISK_FAILS = `--import=data:text/javascript,${encodeURIComponent("process.on('SIGXFSZ', () => {});")}`;

it('every promise is kept while the disk of one node is full', { timeout: TIMEOUT_MS }, async ({ skip }) => {
  const before = process.env.NODE_OPTIONS;
  const args = ['--checkpoint-delay', '100ms'];
  process.env.NODE_OPTIONS = `${before ?? ''} ${FULL_DISK_FAILS}`;
  const cluster = await startCluster({ nodes: 3, store: 'mongodb', notifier: 'none', args }).finally(() => {
    if (before === undefined) delete process.env.NODE_OPTIONS;
    else process.env.NODE_OPTIONS = before;
  });
  if (cluster === null) return skip('a server for it is missing');
  try {
    const { server } = cluster.nodes[0]!;
    const full = async (): Promise<void> => {
      limitFiles(server.pid, '4096');
      await sleep(5_000);
      limitFiles(server.pid, 'unlimited');
    };
    expectSound('the disk is full', await verdictUnder(cluster, () => inRounds(full)));
    expect(server.output()).toContain('the tree on disk could not be brought up to date');
  } finally {
    await cluster.stop();
  }
});

function limitFiles(pid: number, bytes: string): void {
  execFileSync('prlimit', [`--fsize=${bytes}:unlimited`, '--pid', String(pid)]);
}
