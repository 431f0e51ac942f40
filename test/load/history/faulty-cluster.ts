import {
  type Cluster,
  type ClusterNode,
  type ClusterNotifier,
  type ClusterStore,
  startCluster,
} from '../../harness/cluster.js';
import { type FaultyProxy, startFaultyProxy } from '../../harness/faulty-proxy.js';
import { type OwnService, type ServiceName, startService } from '../../services/index.js';
import { Random } from '../random.js';
import { check, type Verdict } from './check.js';
import type { LoadNode } from './load-node.js';
import { runLoad } from './run-load.js';
import { stompNode } from './stomp-node.js';

/** Three nodes, a store and a broker that belong to the test alone, and a line from each node to each of them that can be spoiled. */
export interface FaultyCluster {
  readonly cluster: Cluster;
  readonly store: OwnService;
  readonly broker: OwnService;
  readonly storeLines: readonly FaultyProxy[];
  readonly brokerLines: readonly FaultyProxy[];
  /** Puts load on all nodes while `fault` runs, and judges what the clients saw. */
  verdictUnder(fault: () => Promise<void>): Promise<Verdict>;
  stop(): Promise<void>;
}

const NODES = 3;
const WRITERS = 8;
const LISTENERS = 6;
/** Between two writes of one client, at most: what is tested is order, not speed. */
const PAUSE_MS = 20;
/** Shown of each node's output when something was wrong. */
const OUTPUT_CHARACTERS = 5_000;

const BROKERS = { amqp: 'rabbitmq', redis: 'redis', nats: 'nats' } as const satisfies Partial<
  Record<ClusterNotifier, ServiceName>
>;

export function isBroker(notifier: ClusterNotifier): notifier is keyof typeof BROKERS {
  return Object.hasOwn(BROKERS, notifier);
}

/** Null, with a line on stderr, if a server cannot be had. */
export async function startFaultyCluster(
  store: ClusterStore,
  notifier: keyof typeof BROKERS,
): Promise<FaultyCluster | null> {
  const [storeService, broker] = await Promise.all([startService(store), startService(BROKERS[notifier])]);
  if (storeService === null || broker === null) {
    await Promise.all([storeService?.stop(), broker?.stop()]);
    return null;
  }
  const [storeLines, brokerLines] = await Promise.all([linesTo(storeService), linesTo(broker)]);
  const stopAll = async (): Promise<void> => {
    await Promise.all([...storeLines, ...brokerLines].map((line) => line.stop()));
    await Promise.all([storeService.stop(), broker.stop()]);
  };
  const urls = (index: number): { store: string; notifier: string } => ({
    store: through(storeLines[index]!, storeService),
    notifier: through(brokerLines[index]!, broker),
  });
  const cluster = await startCluster({ nodes: NODES, store, notifier, urls }).catch(async (error: unknown) => {
    await stopAll();
    throw error;
  });
  if (cluster === null) return stopAll().then(() => null);
  return {
    ...{ cluster, store: storeService, broker, storeLines, brokerLines },
    verdictUnder: (fault) => verdictUnder(cluster, fault),
    stop: async () => {
      await cluster.stop();
      await stopAll();
    },
  };
}

function linesTo({ port }: OwnService): Promise<FaultyProxy[]> {
  return Promise.all(Array.from({ length: NODES }, () => startFaultyProxy({ targetPort: port })));
}

function through(line: FaultyProxy, { url }: OwnService): string {
  const changed = new URL(url);
  changed.port = String(line.port);
  return changed.href;
}

/** The load as a test puts it on a cluster. */
export async function verdictUnder(cluster: Cluster, during: () => Promise<void>): Promise<Verdict> {
  const random = Random.fromEnvironment('HISTORY_SEED');
  const load = { writers: WRITERS, listeners: LISTENERS, pauseMs: PAUSE_MS };
  const verdict = check(await runLoad({ nodes: nodesOf(cluster), ...load, random, during }));
  if (verdict.problems.length > 0) cluster.nodes.forEach(showOutput);
  return verdict;
}

/** What a node said, of which its log's end tells most. */
function showOutput({ server }: ClusterNode, index: number): void {
  console.error(
    `the end of what node-${index} (process ${server.pid}) said:\n${server.output().slice(-OUTPUT_CHARACTERS)}`,
  );
}

/** Where load finds the nodes, also after they were started again. */
export function nodesOf({ nodes }: Cluster): LoadNode[] {
  return nodes.map((node, index) =>
    stompNode(`node-${index}`, () => ({ host: '127.0.0.1', port: node.server.tcpPort })),
  );
}
