import type { ClusterNode } from '../../harness/cluster.js';
import { median, percentile } from '../../harness/measure.js';
import { LoadProcess } from '../load.js';
import { atMost, interleave, type Line, type Plan, valuesOf } from '../row.js';
import { type BareServers, LIGHT_PAUSE_MS, type LightLatencies, lightLatencies } from './bare-servers.js';
import { targetOf } from './pairing.js';

/** From sending a write to the first node until a listener on the last one has the event, and the servers alone in turns with it. */
export interface Latencies extends LightLatencies {
  readonly ours: readonly number[];
}

export async function measureLatency(
  nodes: readonly ClusterNode[],
  { light }: BareServers,
  plan: Plan,
): Promise<Latencies> {
  const { port: listenerPort } = targetOf(nodes.at(-1)!);
  const options = { ...targetOf(nodes[0]!), listenerPort, pauseMs: LIGHT_PAUSE_MS };
  const load = await LoadProcess.start('eventLatency', options);
  try {
    const [ours, alone] = await interleave([load, light], plan);
    return { ours: valuesOf(ours!), ...lightLatencies(alone!) };
  } finally {
    await load.stop();
  }
}

/** On one node an event needs the insert alone: the broker is not on its way. */
export function linesOnOneNode(title: string, { ours, insert }: Latencies): Line[] {
  const floor = { ours, reference: insert, referenceName: 'bare insert' };
  return [latencyLine(title, { ...floor, share: 0.5 }), latencyLine(title, { ...floor, share: 0.99 })];
}

/**
 * Between nodes: beside the least that an event needs; beside the broker's round trip alone, which no durable write can reach; and what is
 * left of ours once the store's insert is taken off, beside that round trip.
 */
export function linesBetweenNodes(title: string, latencies: Latencies): Line[] {
  const { ours, insert, roundTrip, event } = latencies;
  const floor = { ours, reference: event, referenceName: 'bare insert + round trip' };
  const trip = { ours, reference: roundTrip, referenceName: "broker's round trip" };
  const afterInsert = ours.map((latency) => latency - median(insert));
  return [
    latencyLine(title, { ...floor, share: 0.5, note: sharesOf(latencies) }),
    latencyLine(title, { ...floor, share: 0.99 }),
    latencyLine(title, { ...trip, share: 0.5 }),
    latencyLine(title, { ...trip, share: 0.99 }),
    latencyLine(`${title} less the insert`, { ...trip, ours: afterInsert, share: 0.5 }),
  ];
}

interface LatencyWords {
  readonly ours: readonly number[];
  readonly reference: readonly number[];
  readonly referenceName: string;
  /** Which percentile, 0 … 1. */
  readonly share: number;
  readonly note?: string;
}

function latencyLine(title: string, { ours, reference, referenceName, share, note }: LatencyWords): Line {
  return {
    title: `${title}, p${share * 100}`,
    unit: 'ms',
    ours: percentile(ours, share),
    reference: percentile(reference, share),
    referenceName,
    goal: atMost(2),
    ...(note !== undefined && { note }),
  };
}

/** What of an event's median latency the servers below take, and what is left to us. */
function sharesOf({ ours, insert, roundTrip }: Latencies): string {
  const whole = median(ours);
  const part = (name: string, ms: number): string =>
    `${name} ${ms.toFixed(2)} ms (${Math.round((ms / whole) * 100)} %)`;
  const [stored, told] = [median(insert), median(roundTrip)];
  const parts = [part('insert', stored), part('broker', told), part('ours', whole - stored - told)];
  return `${ours.length} events, of ${whole.toFixed(2)} ms: ${parts.join(', ')}`;
}
