import type { DatabaseStats, PeerStats } from '@backside/api';
import type { Quotas } from '@backside/auth';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { StompProxy } from './proxy.js';

/** A database as metrics and health look at it. */
export interface ObservedDatabase {
  readonly name: string;
  stats(): DatabaseStats;
}

/** Something that a node uses; while it is down only what needs it is refused. */
export interface ServiceState {
  /** The configured kind. */
  readonly kind: string;
  readonly status: 'ok' | 'down';
}

export interface Observed {
  /** Absent on a node that serves no STOMP. */
  readonly proxy?: StompProxy;
  readonly databases: () => Iterable<ObservedDatabase>;
  /** Of all edges of the process. Default none. */
  readonly quotas?: Quotas;
  /** What the node depends on beside its databases, by name. Default nothing. */
  readonly services?: () => Readonly<Record<string, ServiceState>>;
}

/** One number of the proxy. */
type ProxyReading = readonly [name: string, help: string, read: (proxy: StompProxy) => number];

const PROXY_COUNTERS: readonly ProxyReading[] = [
  ['connections_total', 'Connections accepted', (proxy) => proxy.counters.connectionsAccepted],
  ['connections_refused_total', 'Connections refused for a limit', (proxy) => proxy.counters.connectionsRefused],
  ['frames_received_total', 'Client frames served', (proxy) => proxy.counters.framesIn],
  ['messages_sent_total', 'MESSAGE frames sent', (proxy) => proxy.counters.messagesOut],
  ['receipts_sent_total', 'RECEIPT frames sent', (proxy) => proxy.counters.receiptsOut],
  ['received_bytes_total', 'Bytes from clients', (proxy) => proxy.counters.bytesIn],
  ['sent_bytes_total', 'Bytes to clients', (proxy) => proxy.counters.bytesOut],
];

const PROXY_GAUGES: readonly ProxyReading[] = [
  ['connections', 'Connections now', (proxy) => proxy.connections],
  ['subscriptions', 'Subscriptions of all connections', (proxy) => proxy.counters.subscriptions],
  ['writes_in_flight', 'Writes that a database has not answered yet', (proxy) => proxy.counters.writesInFlight],
  ['queued_bytes', 'Output that waits for clients to read', (proxy) => proxy.queuedBytes()],
];

/** One number of a database; null where there is none. */
type DatabaseReading = readonly [name: string, help: string, read: (stats: DatabaseStats) => number | null];

const DATABASE_COUNTERS: readonly DatabaseReading[] = [
  ['commits_total', 'Commits made by this node', (stats) => stats.commits],
  ['batches_total', 'Batches in which they were appended', (stats) => stats.batches],
  ['conflicts_total', 'Batches computed again because another node was first', (stats) => stats.conflicts],
];

const DATABASE_GAUGES: readonly DatabaseReading[] = [
  ['revision', 'Revision that reads answer', (stats) => stats.revision],
  ['checkpoint_lag', 'Revisions that the replica has not on disk yet', (stats) => stats.revision - stats.checkpointed],
  ['batch_size', 'Mean commits in a batch', (stats) => (stats.batches === 0 ? 0 : stats.commits / stats.batches)],
  [
    'conflict_ratio',
    'Share of appends that met a conflict',
    (stats) => (stats.conflicts === 0 ? 0 : stats.conflicts / stats.batches),
  ],
  ['views', 'Views that somebody listens to', (stats) => stats.views],
  ['subscriptions', 'Subscriptions to views', (stats) => stats.subscriptions],
  ['queue_depth', 'Operations that wait for their turn', (stats) => stats.queueDepth],
  [
    'degraded',
    '1 if writes are refused: the journal fails or is out of reach, or the disk does not keep up',
    (stats) => Number(stats.degraded),
  ],
];

/** One number of how a database stands with the other nodes that serve it; null where that is not known. */
type PeerReading = readonly [name: string, help: string, read: (peers: PeerStats) => number | null];

const PEER_COUNTERS: readonly PeerReading[] = [
  [
    'notices_dropped_total',
    'Notices for other nodes given up while the broker was out of reach',
    (peers) => peers.broker?.dropped ?? null,
  ],
  [
    'turns_asked_total',
    'Times that this node, refused again and again, asked the others for a turn to append',
    (peers) => peers.turnsAsked,
  ],
  ['turns_given_total', 'Times that this node held back so that another could append', (peers) => peers.turnsGiven],
];

const PEER_GAUGES: readonly PeerReading[] = [
  ['journal_reachable', '1 if the shared journal answers', (peers) => Number(peers.reachable)],
  [
    'notifier_up',
    '1 if notices reach the other nodes',
    (peers) => (peers.broker === null ? null : Number(peers.broker.up)),
  ],
  ['replica_lag_revisions', 'Known revisions that this node has not applied yet', (peers) => peers.lag],
  ['replica_lag_seconds', 'For how long this node has not been level with the journal', (peers) => peers.lagMs / 1_000],
];

/**
 * A registry whose numbers are read when it is scraped: nothing is counted twice, and the hot path knows nothing of it.
 * `process` adds those of the process (memory, event loop, garbage collection).
 */
export function createMetrics(observed: Observed, options: { readonly process?: boolean } = {}): Registry {
  const registry = new Registry();
  if (options.process === true) collectDefaultMetrics({ register: registry });
  const { proxy } = observed;
  if (proxy !== undefined) addProxy(registry, proxy);
  if (observed.quotas !== undefined) addQuotas(registry, observed.quotas);
  for (const reading of DATABASE_COUNTERS) addDatabaseReading(registry, Counter, observed, reading);
  for (const reading of DATABASE_GAUGES) addDatabaseReading(registry, Gauge, observed, reading);
  for (const reading of PEER_COUNTERS) addDatabaseReading(registry, Counter, observed, ofPeers(reading));
  for (const reading of PEER_GAUGES) addDatabaseReading(registry, Gauge, observed, ofPeers(reading));
  addRefusals(registry, 'backside_database_refused_total', 'Operations refused, by error code', () =>
    databaseRefusals(observed),
  );
  return registry;
}

function addProxy(registry: Registry, proxy: StompProxy): void {
  for (const [name, help, read] of PROXY_COUNTERS) {
    new Counter({
      name: `backside_proxy_${name}`,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read(proxy));
      },
    });
  }
  for (const [name, help, read] of PROXY_GAUGES) {
    new Gauge({
      name: `backside_proxy_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read(proxy));
      },
    });
  }
  addRefusals(registry, 'backside_proxy_refused_total', 'Frames and connections refused, by error code', () =>
    [...proxy.counters.refused].map(([code, count]) => [{ code }, count]),
  );
}

function addQuotas(registry: Registry, quotas: Quotas): void {
  new Counter({
    name: 'backside_over_quota_total',
    help: 'Operations refused by a quota, by whose it is and what it limits',
    labelNames: ['scope', 'limit'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [scope, limits] of Object.entries(quotas.refused)) {
        for (const [limit, count] of Object.entries(limits)) this.inc({ scope, limit }, count);
      }
    },
  });
}

function addDatabaseReading(
  registry: Registry,
  Kind: typeof Counter | typeof Gauge,
  observed: Observed,
  [name, help, read]: DatabaseReading,
): void {
  new Kind({
    name: `backside_database_${name}`,
    help,
    labelNames: ['database'],
    registers: [registry],
    collect(this: Counter | Gauge) {
      this.reset();
      for (const database of observed.databases()) {
        const value = read(database.stats());
        if (value !== null) this.inc({ database: database.name }, value);
      }
    },
  });
}

function ofPeers([name, help, read]: PeerReading): DatabaseReading {
  return [name, help, ({ peers }) => (peers === null ? null : read(peers))];
}

type Refusals = Iterable<readonly [labels: Record<string, string>, count: number]>;

function* databaseRefusals({ databases }: Observed): Refusals {
  for (const database of databases()) {
    for (const [code, count] of database.stats().refused) yield [{ database: database.name, code }, count];
  }
}

function addRefusals(registry: Registry, name: string, help: string, read: () => Refusals): void {
  new Counter({
    name,
    help,
    labelNames: ['database', 'code'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [labels, count] of read()) this.inc(labels, count);
    },
  });
}
