import { cpus, freemem, hostname, loadavg, totalmem } from 'node:os';
import type { CacheStats } from '../cache.js';
import { Counts } from './counts.js';
import { Histogram } from './histogram.js';
import { Meter } from './meter.js';
import { type ReadRegistry, type RegistrySample, sumOf } from './registry-sample.js';

/** `url_…` metrics are kept for this many different paths. */
const MAX_URLS = 25;

export interface LegacyMetricsOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly readRegistry: ReadRegistry;
  /** Names this process: `worker` in what is told. */
  readonly nodeId: string;
  readonly app: string;
  /** The main database, which legacy clients call a pool. */
  readonly pool: string;
  readonly cacheStats: () => Promise<CacheStats>;
}

/** A flat row of metrics, names joined by `_`. */
type MetricsRow = Readonly<Record<string, number | string>>;

/** Where requests are counted, and what runtime metrics say under the original's names. */
export interface LegacyMetrics {
  /** A request was answered. `path` is the one that selected the endpoint, empty if none did. */
  answered(path: string, status: number, ms: number): void;
  /** Something of that name happened, e.g. `auth_add`, `ip`, `path`; told as `NAME_0`. */
  count(name: string, by?: number): void;
  /** All of it. `reset` has the counters begin again, as after a row was sent. */
  row(options: { readonly reset: boolean }): Promise<MetricsRow>;
}

/** Reads from the registry what it knows, so that nothing is counted twice. */
export function createLegacyMetrics(options: LegacyMetricsOptions): LegacyMetrics {
  return new RuntimeMetrics(options);
}

interface UrlMetrics {
  readonly meter: Meter;
  readonly times: Histogram;
}

class RuntimeMetrics implements LegacyMetrics {
  readonly #options: LegacyMetricsOptions;
  readonly #counts = new Counts();
  readonly #meter: Meter;
  readonly #times = new Histogram();
  readonly #urls = new Map<string, UrlMetrics>();
  readonly #started: number;
  #cpuBefore: { readonly seconds: number; readonly at: number };

  constructor(options: LegacyMetricsOptions) {
    this.#options = options;
    this.#started = options.now();
    this.#meter = new Meter(options.now);
    this.#cpuBefore = { seconds: 0, at: this.#started };
  }

  answered(path: string, status: number, ms: number): void {
    this.#meter.mark();
    this.#times.add(ms);
    this.#answered('api', status);
    if (path === '') return;
    const url = urlMetricOf(path);
    const ofUrl = this.#ofUrl(url);
    if (ofUrl === null) return;
    ofUrl.meter.mark();
    ofUrl.times.add(ms);
    this.#answered(url, status);
  }

  count(name: string, by = 1): void {
    this.#counts.add(name, by);
  }

  async row({ reset }: { readonly reset: boolean }): Promise<MetricsRow> {
    const samples = await this.#options.readRegistry();
    return {
      ...this.#header(samples),
      ...this.#process(samples),
      ...this.#pool(samples),
      ...prefixed('cache', await this.#options.cacheStats()),
      ...prefixed('api_req', { ...this.#meter.read(), ...this.#times.read() }),
      ...this.#urlRows(),
      ...this.#counts.read({ reset }),
    };
  }

  /** `api_req_0`, `url_account_get_0`: all; `…_bad_0` those refused, `…_err_0` those that failed. */
  #answered(group: string, status: number): void {
    this.#counts.add(group === 'api' ? 'api_req' : group);
    if (status >= 400 && status < 500) this.#counts.add(`${group}_bad`);
    if (status >= 500) this.#counts.add(`${group}_err`);
    if (group === 'api') this.#counts.add(`api_${status}`);
  }

  #ofUrl(url: string): UrlMetrics | null {
    const known = this.#urls.get(url);
    if (known !== undefined) return known;
    if (this.#urls.size >= MAX_URLS) return null;
    const fresh = { meter: new Meter(this.#options.now), times: new Histogram() };
    this.#urls.set(url, fresh);
    return fresh;
  }

  #header(samples: readonly RegistrySample[]): MetricsRow {
    const { now, nodeId, app } = this.#options;
    return {
      id: `${hostname()}-${process.pid}`,
      mtime: now(),
      ctime: this.#started,
      type: 'worker',
      host: hostname(),
      pid: process.pid,
      instance: hostname(),
      worker: nodeId,
      latency: 1_000 * sumOf(samples, 'nodejs_eventloop_lag_seconds'),
      cpus: cpus().length,
      mem: totalmem(),
      app,
    };
  }

  #process(samples: readonly RegistrySample[]): MetricsRow {
    const at = this.#options.now();
    const seconds = sumOf(samples, 'process_cpu_seconds_total');
    const elapsed = Math.max(1, at - this.#cpuBefore.at) / 1_000;
    const util = (100 * Math.max(0, seconds - this.#cpuBefore.seconds)) / elapsed;
    this.#cpuBefore = { seconds, at };
    return {
      rss: sumOf(samples, 'process_resident_memory_bytes'),
      heap: sumOf(samples, 'nodejs_heap_size_used_bytes'),
      avg: loadavg()[2] ?? 0,
      free: freemem(),
      util,
    };
  }

  #pool(samples: readonly RegistrySample[]): MetricsRow {
    const { pool } = this.#options;
    const of = (name: string): number => sumOf(samples, `backside_database_${name}`, { database: pool });
    return {
      pool_name: pool,
      pool_que: of('queue_depth'),
      pool_count: of('subscriptions'),
      pool_req: of('commits_total'),
    };
  }

  #urlRows(): MetricsRow {
    const rows = [...this.#urls].map(([url, { meter, times }]) => prefixed(url, { ...meter.read(), ...times.read() }));
    return Object.assign({}, ...rows) as MetricsRow;
  }
}

/** `{hmin: 1}` as `{PREFIX_hmin: 1}`. */
function prefixed(prefix: string, fields: object): MetricsRow {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [`${prefix}_${name}`, value as number]));
}

/** The name under which a path is counted: `/account/get` as `url_account_get`. */
function urlMetricOf(path: string): string {
  const parts = path.split('/').filter((part) => part !== '');
  return `url_${parts.slice(0, 2).join('_')}`;
}
