import { setTimeout as sleep } from 'node:timers/promises';
import { NO_FAULTS } from '../../harness/faulty-proxy.js';
import type { FaultyCluster } from './faulty-cluster.js';

/** How long what was killed stays away. */
const AWAY_MS = 1_500;
/** Longer than a node's lease and the projector's. */
const FREEZE_MS = 20_000;

type Fault = (faulty: FaultyCluster) => Promise<void>;

/** What happens to nodes, servers and lines while there is load. Each leaves everything as it found it. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  'a node is killed': async ({ cluster }) => {
    await cluster.nodes[0]!.kill();
    await sleep(AWAY_MS);
    await cluster.nodes[0]!.restart();
  },
  'two of three nodes are killed': async ({ cluster }) => {
    await Promise.all([cluster.nodes[1]!.kill(), cluster.nodes[2]!.kill()]);
    await sleep(AWAY_MS);
    await Promise.all([cluster.nodes[1]!.restart(), cluster.nodes[2]!.restart()]);
  },
  'the broker is killed': async ({ broker }) => {
    await broker.kill();
    await sleep(AWAY_MS);
    await broker.restart();
  },
  'the store is killed': async ({ store }) => {
    await store.kill();
    await sleep(AWAY_MS);
    await store.restart();
  },
  'the store stands still': async ({ store }) => {
    store.freeze();
    await sleep(4_000);
    store.thaw();
  },
  'a node and the store are parted': async ({ storeLines }) => {
    storeLines[0]!.partition();
    await sleep(6_000);
    storeLines[0]!.heal();
  },
  'all lines to the store break in the middle of what they carry': async ({ storeLines }) => {
    for (const line of storeLines) line.faults = { ...NO_FAULTS, cut: 0.05 };
    await sleep(3_000);
    for (const line of storeLines) line.faults = NO_FAULTS;
  },
  'a node and the broker are parted': async ({ brokerLines }) => {
    brokerLines[1]!.partition();
    await sleep(6_000);
    brokerLines[1]!.heal();
  },
  'the lines to the store are very slow': async ({ storeLines }) => {
    for (const line of storeLines) line.faults = { ...NO_FAULTS, delayMs: 400 };
    await sleep(5_000);
    for (const line of storeLines) line.faults = NO_FAULTS;
  },
  'the lines to the broker are very slow': async ({ brokerLines }) => {
    for (const line of brokerLines) line.faults = { ...NO_FAULTS, delayMs: 2_000 };
    await sleep(5_000);
    for (const line of brokerLines) line.faults = NO_FAULTS;
  },
  'a node stands still for longer than its leases': async ({ cluster }) => {
    cluster.nodes[2]!.freeze();
    await sleep(FREEZE_MS);
    cluster.nodes[2]!.thaw();
  },
};
