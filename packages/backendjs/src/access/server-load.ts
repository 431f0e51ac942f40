import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { LegacyError } from '../http/legacy-error.js';
import type { LegacyMetrics } from '../metrics/legacy-metrics.js';
import type { BackendjsSettings } from '../settings.js';

/** Between two looks at how the process is doing. */
const LOOK_MS = 250;
/** What the latest look counts for beside those before it. */
const WEIGHT = 1 / 3;

/** How the process is doing. Latency and CPU are smoothed over about a second. */
interface Load {
  /** By how much timers are late: for so long a request waits for its turn. */
  readonly latencyMs: number;
  /** Per cent of one core. */
  readonly cpu: number;
  /** Per cent of the heap that the process may have. */
  readonly heap: number;
  /** Per cent of the machine's memory. */
  readonly rss: number;
}

type Limits = Pick<BackendjsSettings, 'maxLatencyMs' | 'maxCpu' | 'maxHeap' | 'maxRss'>;

/** Looks at the process all the time, so that requests can be refused while it has too much to do. */
export class ServerLoad {
  readonly #metrics: LegacyMetrics;
  readonly #timer: NodeJS.Timeout;
  #load: Load = { latencyMs: 0, cpu: 0, ...memory() };
  #lookedAt = performance.now();
  #cpuBefore = process.cpuUsage();

  constructor(metrics: LegacyMetrics) {
    this.#metrics = metrics;
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  /** Throws 503 beyond one of the limits; 0 is none. Each is counted under a name of its own. */
  check({ maxLatencyMs, maxCpu, maxHeap, maxRss }: Limits): void {
    const { latencyMs, cpu, heap, rss } = this.#load;
    this.#refuse('busy', latencyMs, maxLatencyMs);
    this.#refuse('util', cpu, maxCpu);
    this.#refuse('heap', heap, maxHeap);
    this.#refuse('rss', rss, maxRss);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #refuse(name: string, value: number, limit: number): void {
    if (limit === 0 || value <= limit) return;
    this.#metrics.count(name);
    throw unavailable();
  }

  #look(): void {
    const now = performance.now();
    const elapsedMs = now - this.#lookedAt;
    const { user, system } = process.cpuUsage(this.#cpuBefore);
    const { latencyMs, cpu } = this.#load;
    this.#load = {
      latencyMs: smoothed(latencyMs, Math.max(0, elapsedMs - LOOK_MS)),
      cpu: smoothed(cpu, (user + system) / 10 / elapsedMs),
      ...memory(),
    };
    this.#lookedAt = now;
    this.#cpuBefore = process.cpuUsage();
  }
}

/** The refusal of a request that the server has no room for now. */
export function unavailable(): LegacyError {
  return new LegacyError(503, 'Server is unavailable');
}

function smoothed(before: number, now: number): number {
  return before + (now - before) * WEIGHT;
}

function memory(): Pick<Load, 'heap' | 'rss'> {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return { heap: (100 * used) / limit, rss: (100 * process.memoryUsage.rss()) / totalmem() };
}
