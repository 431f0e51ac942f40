import type { DatabaseStats } from '@backside/api';
import type { Proxy, ProxyCounters } from '@backside/proxy';
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Databases } from './databases.js';

/** How the figures of several workers become one. */
type Aggregator = 'sum' | 'max' | 'min';

/** A figure that is kept elsewhere and read when somebody asks. */
interface Figure<Source> {
  readonly name: string;
  readonly help: string;
  /** Counters only ever grow. */
  readonly kind: 'counter' | 'gauge';
  readonly aggregator?: Aggregator;
  readonly value: (source: Source) => number;
}

const DATABASE_FIGURES: readonly Figure<DatabaseStats>[] = [
  { name: 'revision', help: 'The revision that reads answer', kind: 'gauge', aggregator: 'max', value: (stats) => stats.revision },
  { name: 'checkpointed_revision', help: 'The revision on disk', kind: 'gauge', aggregator: 'min', value: (stats) => stats.checkpointed },
  { name: 'views', help: 'Distinct listened paths and queries', kind: 'gauge', value: (stats) => stats.views },
  { name: 'subscriptions', help: 'Subscriptions', kind: 'gauge', value: (stats) => stats.subscriptions },
  { name: 'queued_operations', help: 'Writes that wait for their turn', kind: 'gauge', value: (stats) => stats.queueDepth },
  { name: 'degraded', help: '1 if the last write to the journal failed', kind: 'gauge', aggregator: 'max', value: (stats) => Number(stats.degraded) },
  { name: 'commits_total', help: 'Commits made', kind: 'counter', value: (stats) => stats.commits },
  { name: 'batches_total', help: 'Appends to the journal', kind: 'counter', value: (stats) => stats.batches },
  { name: 'conflicts_total', help: 'Appends that another process was ahead of', kind: 'counter', value: (stats) => stats.conflicts },
];

const PROXY_FIGURES: readonly Figure<ProxyCounters>[] = [
  { name: 'stomp_connections', help: 'Connections', kind: 'gauge', value: (counters) => counters.connections },
  { name: 'stomp_writes_in_flight', help: 'Writes not yet answered', kind: 'gauge', value: (counters) => counters.writesInFlight },
  { name: 'stomp_connections_accepted_total', help: 'Connections accepted', kind: 'counter', value: (counters) => counters.connectionsAccepted },
  { name: 'stomp_connections_refused_total', help: 'Connections refused', kind: 'counter', value: (counters) => counters.connectionsRefused },
  { name: 'stomp_frames_in_total', help: 'Frames read', kind: 'counter', value: (counters) => counters.framesIn },
  { name: 'stomp_bytes_in_total', help: 'Bytes read', kind: 'counter', value: (counters) => counters.bytesIn },
  { name: 'stomp_messages_out_total', help: 'MESSAGE frames written', kind: 'counter', value: (counters) => counters.messagesOut },
  { name: 'stomp_receipts_out_total', help: 'RECEIPT frames written', kind: 'counter', value: (counters) => counters.receiptsOut },
  { name: 'stomp_bytes_out_total', help: 'Bytes written', kind: 'counter', value: (counters) => counters.bytesOut },
];

/** The figures of this process in the form that Prometheus reads. Databases are told apart by a label. */
export function createMetrics(databases: Databases, proxy: Proxy | null): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const figure of DATABASE_FIGURES) {
    publish(registry, figure, () =>
      databases.all.map((database) => ({ labels: { database: database.name }, value: figure.value(database.stats()) })),
    );
  }
  if (!proxy) return registry;
  for (const figure of PROXY_FIGURES) {
    publish(registry, figure, () => [{ labels: {}, value: figure.value(proxy.counters) }]);
  }
  publish(registry, { name: 'stomp_queued_bytes', help: 'Output that waits for clients', kind: 'gauge' }, () => [
    { labels: {}, value: proxy.queuedBytes() },
  ]);
  publish(registry, { name: 'stomp_refused_total', help: 'Refusals by code', kind: 'counter' }, () =>
    [...proxy.counters.refused].map(([code, value]) => ({ labels: { code }, value })),
  );
  return registry;
}

/** Lets the primary of a cluster collect this worker's figures. */
export function joinClusterMetrics(registry: Registry): void {
  AggregatorRegistry.setRegistries(registry);
  new AggregatorRegistry();
}

interface Reading {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

function publish(registry: Registry, figure: Omit<Figure<never>, 'value'>, read: () => Reading[]): void {
  const { name, help, aggregator = 'sum' } = figure;
  const options = { name: `backside_${name}`, help, aggregator, labelNames: ['database', 'code'], registers: [registry] };
  if (figure.kind === 'gauge') {
    new Gauge({
      ...options,
      collect() {
        for (const { labels, value } of read()) this.set(labels, value);
      },
    });
    return;
  }
  new Counter({
    ...options,
    collect() {
      this.reset();
      for (const { labels, value } of read()) this.inc(labels, value);
    },
  });
}
