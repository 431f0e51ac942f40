import { expect, test } from 'vitest';
import { cacheConformance } from './cache-conformance.js';
import { createMemoryCache } from './memory-cache.js';

cacheConformance('memory', async () => {
  let time = 1_000;
  return {
    cache: createMemoryCache({ now: () => time }),
    pass: async (ms) => {
      time += ms;
    },
    dispose: async () => {},
  };
});

test('drops what was not used for longest when there are too many values, and tells how often', async () => {
  const cache = createMemoryCache({ now: () => 0, maxEntries: 2 });
  for (const key of ['a', 'b']) await cache.put(key, key);
  await cache.get('a');
  await cache.put('c', 'c');
  expect([await cache.get('a'), await cache.get('b'), await cache.get('c')]).toEqual(['a', null, 'c']);
  expect(await cache.stats()).toMatchObject({ cleanups: 1, count: 2, max: 2 });
});

test('holds no more bytes than it may', async () => {
  const cache = createMemoryCache({ now: () => 0, maxBytes: 1_000 });
  for (let index = 0; index < 100; index += 1) await cache.put(`k${index}`, 'x'.repeat(90));
  const { count, size } = await cache.stats();
  expect(size).toBeLessThanOrEqual(1_000);
  expect(count).toBeLessThan(11);
});
