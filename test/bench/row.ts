import { median } from '../harness/measure.js';
import type { LoadProcess } from './load.js';
import type { Sample } from './scenario.js';
import type { Workspace } from './workspace.js';

/** What a line must come to: its ratio, or (`of: 'ours'`) our figure itself. */
export interface Goal {
  readonly compare: '>=' | '<=';
  readonly limit: number;
  readonly of: 'ratio' | 'ours';
}

/** One line of the table. */
export interface Line {
  readonly title: string;
  readonly unit: string;
  /** Null where it could not be measured; `note` then says why. */
  readonly ours: number | null;
  readonly reference: number | null;
  readonly referenceName: string;
  readonly goal: Goal | null;
  /** Server CPU per unit of work, ours and the reference's. */
  readonly cpu?: { readonly unit: string; readonly ours: number; readonly reference: number | null };
  readonly note?: string;
}

/** One row of the benchmark: starts what it measures, ours and references, and takes turns between them. */
export interface Row {
  readonly name: string;
  readonly summary: string;
  run(workspace: Workspace): Promise<Line[]>;
}

export interface Plan {
  readonly rounds: number;
  /** What one round counts: seconds, connections, passes. */
  readonly amount: number;
  readonly warmUp: number;
}

/** Warms every load up, then runs them in turn, so that a slow moment of the machine hits all alike. */
export async function interleave(loads: readonly LoadProcess[], plan: Plan): Promise<Sample[][]> {
  if (plan.warmUp > 0) for (const load of loads) await load.round(plan.warmUp);
  const samples: Sample[][] = loads.map(() => []);
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const [index, load] of loads.entries()) samples[index]!.push(await load.round(plan.amount));
  }
  return samples;
}

/** Server CPU per unit in microseconds: the median of the rounds. */
export function cpuMicroseconds(samples: readonly Sample[]): number {
  return median(samples.map((sample) => (sample.serverCpu * 1e6) / sample.units));
}

/** Units per second of wall time: the median of the rounds. */
export function rate(samples: readonly Sample[]): number {
  return median(samples.map((sample) => sample.units / sample.seconds));
}

/** Units per second of server CPU: the median of the rounds. */
export function perCpuSecond(samples: readonly Sample[]): number {
  return median(samples.map((sample) => sample.units / sample.serverCpu));
}

/** All the values of all rounds. */
export function valuesOf(samples: readonly Sample[]): number[] {
  return samples.flatMap((sample) => [...(sample.values ?? [])]);
}

/** Says so where the load process, and not the server, was what limited the rate. */
export function clientShare(samples: readonly Sample[]): string {
  const share = median(samples.map((sample) => sample.clientCpu / sample.seconds));
  const server = median(samples.map((sample) => sample.serverCpu / sample.seconds));
  return `server ${Math.round(server * 100)} % busy, client ${Math.round(share * 100)} %`;
}

export function ratioOf(line: Line): number | null {
  return line.ours === null || line.reference === null ? null : line.ours / line.reference;
}

/** Null if the line has no goal or was not measured. */
export function isMet(line: Line): boolean | null {
  const value = line.goal?.of === 'ours' ? line.ours : ratioOf(line);
  if (!line.goal || value === null) return null;
  return line.goal.compare === '>=' ? value >= line.goal.limit : value <= line.goal.limit;
}

export const atLeast = (limit: number): Goal => ({ compare: '>=', limit, of: 'ratio' });
export const atMost = (limit: number): Goal => ({ compare: '<=', limit, of: 'ratio' });
