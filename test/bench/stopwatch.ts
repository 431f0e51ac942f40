import { cpuSeconds } from '../harness/measure.js';
import type { Sample } from './scenario.js';

/** Measures one round: wall time, the CPU of the process under test, and our own. */
export class Stopwatch {
  readonly #pid: number;
  readonly #cpu: number;
  readonly #own: NodeJS.CpuUsage = process.cpuUsage();
  readonly #start: number = performance.now();

  /** Starts at once. `pid` may be our own, when the work is done in process. */
  constructor(pid: number) {
    this.#pid = pid;
    this.#cpu = cpuSeconds(pid);
  }

  get seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }

  stop(units: number, values?: readonly number[]): Sample {
    const { user, system } = process.cpuUsage(this.#own);
    return {
      units,
      seconds: this.seconds,
      serverCpu: cpuSeconds(this.#pid) - this.#cpu,
      clientCpu: (user + system) / 1e6,
      ...(values && { values }),
    };
  }
}

/** A JSON object of exactly `bytes` bytes that differs for each `sequence`, so that every write is a change. */
export function jsonBody(sequence: number, bytes = 100): string {
  const head = `{"n":${sequence},"text":"`;
  return `${head}${'x'.repeat(Math.max(0, bytes - head.length - 2))}"}`;
}

/** Calls `task` for 0 … count - 1, `width` at a time. */
export async function forEachParallel(
  count: number,
  width: number,
  task: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await task(next - 1);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, worker));
}
