import { describe, expect, it } from 'vitest';
import { createMemoryCache } from '../caches/memory-cache.js';
import { Histogram } from './histogram.js';
import { createLegacyMetrics, type LegacyMetrics } from './legacy-metrics.js';
import { Meter } from './meter.js';

const SECOND = 1_000;

describe('a meter', () => {
  it('tells events per second over all time and weighted towards the last minutes', () => {
    let now = 0;
    const meter = new Meter(() => now);
    for (; now < 600 * SECOND; now += 100) meter.mark();
    const steady = meter.read();
    expect(steady.rcnt).toBe(6_000);
    for (const rate of [steady.rmean, steady.rate, steady.r1m, steady.r5m, steady.r15m])
      expect(rate).toBeCloseTo(10, 0);
    now += 300 * SECOND;
    const rested = meter.read();
    expect(rested.rate).toBe(0);
    expect(rested.r1m).toBeLessThan(0.1);
    expect(rested.r5m).toBeCloseTo(10 / Math.E, 0);
    expect(rested.rmean).toBeCloseTo(6_000 / 900, 1);
  });
});

describe('a histogram', () => {
  it('is all zero without values', () => {
    expect(new Set(Object.values(new Histogram().read()))).toEqual(new Set([0]));
  });

  it('tells the spread of all values and percentiles of the latest', () => {
    const histogram = new Histogram();
    for (let value = 1; value <= 1_000; value += 1) histogram.add(value);
    const read = histogram.read();
    expect(read).toMatchObject({ hmin: 1, hmax: 1_000, hcnt: 1_000, hsum: 500_500, hmean: 500.5 });
    expect(read.hvar).toBeCloseTo(83_416.67, 0);
    expect([read.hmed, read.h75p, read.h95p, read.h99p, read.h999p]).toEqual([501, 751, 951, 991, 1_000]);
    for (let again = 0; again < 1_024; again += 1) histogram.add(7);
    expect(histogram.read()).toMatchObject({ hmin: 1, hmax: 1_000, hmed: 7, h999p: 7 });
  });
});

function metricsAt(now: () => number): LegacyMetrics {
  const cache = createMemoryCache({ now });
  return createLegacyMetrics({
    now,
    nodeId: 'node-1',
    app: 'test/1',
    pool: 'default',
    cacheStats: () => cache.stats(),
    readRegistry: async () => [
      { name: 'process_resident_memory_bytes', labels: {}, value: 5_000 },
      { name: 'nodejs_heap_size_used_bytes', labels: {}, value: 3_000 },
      { name: 'process_cpu_seconds_total', labels: {}, value: now() / 2_000 },
      { name: 'backside_database_commits_total', labels: { database: 'default' }, value: 42 },
      { name: 'backside_database_commits_total', labels: { database: 'other' }, value: 1 },
    ],
  });
}

describe('the row of metrics', () => {
  it('has what the registry knows under the names of the original', async () => {
    let now = 0;
    const metrics = metricsAt(() => now);
    now = 10 * SECOND;
    expect(await metrics.row({ reset: false })).toMatchObject({
      rss: 5_000,
      heap: 3_000,
      util: 50,
      worker: 'node-1',
      app: 'test/1',
      pool_name: 'default',
      pool_req: 42,
      cache_hits: 0,
      mtime: now,
    });
  });

  it('counts requests by status and path, and begins again once it was sent', async () => {
    const metrics = metricsAt(() => 0);
    metrics.answered('/account/get', 200, 12);
    metrics.answered('/account/get', 401, 2);
    metrics.answered('', 503, 1);
    metrics.count('auth_add');
    const row = await metrics.row({ reset: true });
    expect(row).toMatchObject({
      api_req_0: 3,
      api_bad_0: 1,
      api_err_0: 1,
      api_200_0: 1,
      api_401_0: 1,
      api_503_0: 1,
      url_account_get_0: 2,
      url_account_get_bad_0: 1,
      url_account_get_hmax: 12,
      api_req_hmax: 12,
      api_req_rcnt: 3,
      auth_add_0: 1,
    });
    const next = await metrics.row({ reset: false });
    expect(next.api_req_rcnt).toBe(3);
    expect(Object.keys(next).filter((name) => name.endsWith('_0'))).toEqual([]);
  });

  it('keeps no more paths than a row can bear', async () => {
    const metrics = metricsAt(() => 0);
    for (let path = 0; path < 100; path += 1) metrics.answered(`/path${path}/get`, 200, 1);
    const row = await metrics.row({ reset: false });
    expect(Object.keys(row).filter((name) => /^url_.*_hmax$/.test(name))).toHaveLength(25);
    expect(row.api_req_0).toBe(100);
  });
});
