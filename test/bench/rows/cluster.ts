import { measureBootstrap } from '../cluster/bootstrap.js';
import { measurePairing, type PairingPlan } from '../cluster/measure-pairing.js';
import { BenchServices, nameOf, PAIRINGS, type Pairing, type Servers } from '../cluster/pairing.js';
import type { Line, Row } from '../row.js';

/** One pairing of each store: all of them when quick, and for what the broker has no part in. */
const ONE_PER_STORE = PAIRINGS.filter(({ notifier }) => notifier === 'redis' || notifier === 'postgres');

/** Until the code of a new node is compiled a write costs it several times as much, and three share the processors. */
const WARM_UP_S = 3;

const QUICK: PairingPlan = {
  rates: { rounds: 1, amount: 0.4, warmUp: 0.2 },
  latency: { rounds: 1, amount: 0.7, warmUp: 0.2 },
  throughput: { rounds: 1, amount: 0.7, warmUp: WARM_UP_S },
};

const FULL: PairingPlan = {
  rates: { rounds: 1, amount: 1.5, warmUp: 0.3 },
  latency: { rounds: 2, amount: 1.3, warmUp: 0.3 },
  throughput: { rounds: 2, amount: 1.3, warmUp: WARM_UP_S },
};

/** So that the row is over within about six minutes, also on a slow machine. */
const BEGIN_NOTHING_AFTER_MS = 270_000;

export const cluster: Row = {
  name: 'cluster',
  summary: 'writes and events of 1, 2 and 3 nodes on each store and broker, against these alone; a node that joins',
  async run(workspace) {
    const services = new BenchServices();
    const plan = workspace.quick ? QUICK : FULL;
    const lines: Line[] = [];
    const start = performance.now();
    const add = async (pairing: Pairing, measure: (servers: Servers) => Promise<Line[]>): Promise<void> => {
      const servers = await services.of(pairing);
      if (servers === null) return;
      const isLate = performance.now() - start > BEGIN_NOTHING_AFTER_MS;
      lines.push(...(isLate ? [leftOut(pairing)] : await measure(servers)));
    };
    try {
      for (const pairing of workspace.quick ? ONE_PER_STORE : PAIRINGS) {
        await add(pairing, (servers) => measurePairing(pairing, servers, plan));
      }
      for (const pairing of ONE_PER_STORE) {
        await add(pairing, async (servers) => [await measureBootstrap(pairing, servers, workspace)]);
      }
      return lines;
    } finally {
      await services.stop();
    }
  },
};

function leftOut(pairing: Pairing): Line {
  const note = 'left out: what came before it took too long';
  return { title: nameOf(pairing), unit: '', ours: null, reference: null, referenceName: '', goal: null, note };
}
