import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Bucket, Cache } from '../cache.js';

/** A cache under test, empty and used by nobody else. */
export interface CacheFixture {
  readonly cache: Cache;
  /** Lets so much time pass for the cache. */
  readonly pass: (ms: number) => Promise<void>;
  /** Releases what is around the cache; the suite has closed it. */
  readonly dispose: () => Promise<void>;
}

/** What every cache does. `create` is called once per test. */
export function cacheConformance(name: string, create: () => Promise<CacheFixture>): void {
  describe(`${name} as a cache`, () => {
    let fixture: CacheFixture;
    beforeEach(async () => {
      fixture = await create();
    });
    afterEach(async () => {
      await fixture.cache.close();
      await fixture.dispose();
    });
    const use = (): CacheFixture => fixture;
    keeping(use);
    counting(use);
    locking(use);
    limiting(use);
  });
}

type Use = () => CacheFixture;

function keeping(use: Use): void {
  it('gives back what was put, whatever the key and the value', async () => {
    const { cache } = use();
    for (const key of ['a', '__proto__', 'a b\n\0', 'ключ', '*', 'x'.repeat(2_000)]) {
      expect(await cache.get(key)).toBeNull();
      await cache.put(key, `value of ${key} \u0000 😀`);
      expect(await cache.get(key)).toBe(`value of ${key} \u0000 😀`);
    }
    await cache.put('a', '');
    expect(await cache.get('a')).toBe('');
  });

  it('forgets a value when its time is over, and not before', async () => {
    const { cache, pass } = use();
    await cache.put('short', '1', 200);
    await cache.put('long', '2', 60_000);
    expect(await cache.get('short')).toBe('1');
    await pass(260);
    expect([await cache.get('short'), await cache.get('long')]).toEqual([null, '2']);
  });

  it('tells whether there was something to remove', async () => {
    const { cache } = use();
    await cache.put('a', '1');
    expect([await cache.del('a'), await cache.del('a'), await cache.get('a')]).toEqual([true, false, null]);
  });

  it('lists keys by their prefix, and no more than wanted', async () => {
    const { cache } = use();
    for (const key of ['user:1', 'user:2', 'user:*', 'other']) await cache.put(key, 'v');
    expect([...(await cache.keys('user:', 10))].sort()).toEqual(['user:*', 'user:1', 'user:2']);
    expect(await cache.keys('user:*', 10)).toEqual(['user:*']);
    expect(await cache.keys('user:', 2)).toHaveLength(2);
  });

  it('is empty once cleared', async () => {
    const { cache } = use();
    await cache.put('a', '1');
    await cache.lock('a', 60_000);
    await cache.clear();
    expect([await cache.get('a'), await cache.keys('', 10)]).toEqual([null, []]);
    expect(await cache.lock('a', 1_000)).not.toBeNull();
  });

  it('counts what was asked of it', async () => {
    const { cache } = use();
    await cache.put('a', '1');
    await cache.get('a');
    await cache.get('b');
    await cache.del('a');
    const { hits, misses, inserted, deleted, count } = await cache.stats();
    expect({ hits, misses, inserted, deleted, count }).toEqual({
      hits: 1,
      misses: 1,
      inserted: 1,
      deleted: 1,
      count: 0,
    });
  });

  it('refuses once it is closed', async () => {
    const { cache } = use();
    await cache.close();
    expect(cache.up).toBe(false);
    await expect(cache.get('a')).rejects.toMatchObject({ code: 'unavailable' });
  });
}

function counting(use: Use): void {
  it('adds at once, so that no addition is lost', async () => {
    const { cache } = use();
    await Promise.all(Array.from({ length: 50 }, () => cache.incr('n', 2)));
    expect(await cache.incr('n', -1)).toBe(99);
    expect(await cache.get('n')).toBe('99');
  });

  it('keeps the end that the first addition gave', async () => {
    const { cache, pass } = use();
    await cache.incr('n', 1, 300);
    await pass(200);
    expect(await cache.incr('n', 1, 60_000)).toBe(2);
    await pass(160);
    expect(await cache.incr('n', 1)).toBe(1);
  });

  it('adds to nothing that is no whole number', async () => {
    const { cache } = use();
    await cache.put('n', 'one');
    await expect(cache.incr('n', 1)).rejects.toMatchObject({ code: 'invalid-data' });
    expect(await cache.get('n')).toBe('one');
  });
}

function locking(use: Use): void {
  it('gives a lock to one at a time, and back from its owner only', async () => {
    const { cache } = use();
    const token = await cache.lock('l', 60_000);
    expect(await cache.lock('l', 60_000)).toBeNull();
    expect(await cache.unlock('l', 'somebody else')).toBe(false);
    expect(await cache.unlock('l', token!)).toBe(true);
    expect(await cache.lock('l', 60_000)).not.toBeNull();
  });

  it('gives a lock to the next when its time is over; the first cannot give that one back', async () => {
    const { cache, pass } = use();
    const first = await cache.lock('l', 150);
    await pass(220);
    expect(await cache.lock('l', 60_000)).not.toBeNull();
    expect(await cache.unlock('l', first!)).toBe(false);
  });

  it('keeps locks apart from values', async () => {
    const { cache } = use();
    await cache.put('l', '1');
    expect(await cache.lock('l', 1_000)).not.toBeNull();
    expect(await cache.get('l')).toBe('1');
  });
}

const BUCKET: Bucket = { rate: 2, max: 4, intervalMs: 500 };

function limiting(use: Use): void {
  it('begins with a full bucket, and says when there is enough again', async () => {
    const { cache } = use();
    for (let taken = 0; taken < 4; taken += 1)
      expect(await cache.limiter('b', BUCKET)).toEqual({ allowed: true, retryAfterMs: 0 });
    const { allowed, retryAfterMs } = await cache.limiter('b', BUCKET);
    expect(allowed).toBe(false);
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(retryAfterMs).toBeLessThanOrEqual(250);
  });

  it('fills it again at its rate', async () => {
    const { cache, pass } = use();
    await cache.limiter('b', BUCKET, 4);
    await pass(300);
    expect((await cache.limiter('b', BUCKET)).allowed).toBe(true);
  });

  it('never allows more than it holds, and takes nothing then', async () => {
    const { cache } = use();
    expect(await cache.limiter('b', BUCKET, 5)).toEqual({ allowed: false, retryAfterMs: Number.POSITIVE_INFINITY });
    expect((await cache.limiter('b', BUCKET, 4)).allowed).toBe(true);
  });

  it('allows no more than there is to many at once', async () => {
    const { cache } = use();
    const slow = { rate: 1, max: 10, intervalMs: 3_600_000 };
    const answers = await Promise.all(Array.from({ length: 40 }, () => cache.limiter('b', slow)));
    expect(answers.filter(({ allowed }) => allowed)).toHaveLength(10);
  });
}
