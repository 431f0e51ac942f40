/** The process that a scenario runs in: takes one order at a time from the runner over IPC and answers it. */
import { type AppendOptions, bareAppend } from './references/append.js';
import { type LmdbOptions, lmdbFill, lmdbLast, lmdbScan } from './references/lmdb-items.js';
import type { Load, Sample, Scenario, Target } from './scenario.js';
import { type BareServicesOptions, bareServices } from './scenarios/bare-services.js';
import { type EventLatencyOptions, eventLatency } from './scenarios/event-latency.js';
import { type FanOutOptions, fanOut } from './scenarios/fan-out.js';
import { fill } from './scenarios/fill.js';
import { type IdleOptions, idle } from './scenarios/idle.js';
import { type LightWritesOptions, lightWrites } from './scenarios/light-writes.js';
import { type ListClientOptions, listClient } from './scenarios/list-client.js';
import { type ListensOptions, listens } from './scenarios/listens.js';
import { type QueriesOptions, queries } from './scenarios/queries.js';
import { type RelayOptions, relay } from './scenarios/relay.js';
import { type ReplicaOptions, replicaFill, replicaLast, replicaScan } from './scenarios/replica-items.js';
import { type RulesOptions, rules } from './scenarios/rules.js';
import { type SpreadWritesOptions, spreadWrites } from './scenarios/spread-writes.js';

/** Every scenario by its name, and what it takes. */
export interface Scenarios {
  readonly fanOut: Scenario<FanOutOptions>;
  readonly relay: Scenario<RelayOptions>;
  readonly lightWrites: Scenario<LightWritesOptions>;
  readonly idle: Scenario<IdleOptions>;
  readonly queries: Scenario<QueriesOptions>;
  readonly listens: Scenario<ListensOptions>;
  readonly fill: Scenario<Target>;
  readonly bareAppend: Scenario<AppendOptions>;
  readonly lmdbFill: Scenario<LmdbOptions>;
  readonly lmdbLast: Scenario<LmdbOptions>;
  readonly lmdbScan: Scenario<LmdbOptions>;
  readonly replicaFill: Scenario<ReplicaOptions>;
  readonly replicaLast: Scenario<ReplicaOptions>;
  readonly replicaScan: Scenario<ReplicaOptions>;
  readonly rules: Scenario<RulesOptions>;
  readonly listClient: Scenario<ListClientOptions>;
  readonly spreadWrites: Scenario<SpreadWritesOptions>;
  readonly eventLatency: Scenario<EventLatencyOptions>;
  readonly bareServices: Scenario<BareServicesOptions>;
}

export type ScenarioName = keyof Scenarios;

const SCENARIOS: Scenarios = {
  fanOut,
  relay,
  lightWrites,
  idle,
  queries,
  listens,
  fill,
  bareAppend,
  lmdbFill,
  lmdbLast,
  lmdbScan,
  replicaFill,
  replicaLast,
  replicaScan,
  rules,
  listClient,
  spreadWrites,
  eventLatency,
  bareServices,
};

export type Order =
  | { readonly kind: 'prepare'; readonly scenario: ScenarioName; readonly options: unknown }
  | { readonly kind: 'round'; readonly amount: number }
  | { readonly kind: 'close' };

export type Answer = { readonly sample: Sample | null } | { readonly error: string };

let load: Load | null = null;

async function obey(order: Order): Promise<Sample | null> {
  if (order.kind === 'prepare') {
    load = await (SCENARIOS[order.scenario] as Scenario<unknown>)(order.options);
    return null;
  }
  if (order.kind === 'round') {
    if (!load) throw new Error('a round was ordered before anything was prepared');
    return load.round(order.amount);
  }
  await load?.close();
  process.disconnect();
  return null;
}

process.on('message', (order: Order) => {
  obey(order).then(
    (sample) => process.connected && process.send?.({ sample } satisfies Answer),
    (error: Error) => process.connected && process.send?.({ error: describe(error) } satisfies Answer),
  );
});

function describe(error: Error): string {
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
