import { describe, expect, it } from 'vitest';
import { PackedRecord } from './record.js';
import { RecordCache } from './record-cache.js';

describe('a cache of records', () => {
  const record = new PackedRecord('1', true);

  it('tells what is there, what is known to be absent, and what is not known', () => {
    const cache = new RecordCache(10);
    cache.add(1, 'a', record);
    cache.add(1, 'b', null);
    expect(cache.get(1, 'a')).toBe(record);
    expect(cache.get(1, 'b')).toBeNull();
    expect(cache.get(1, 'c')).toBeUndefined();
    expect(cache.get(2, 'a')).toBeUndefined();
  });

  it('never holds more than it may', () => {
    const cache = new RecordCache(3);
    for (let id = 0; id < 10; id++) cache.add(id % 2, `k${id}`, record);
    const held = Array.from({ length: 10 }, (_, id) => cache.get(id % 2, `k${id}`)).filter(Boolean);
    expect(held.length).toBeLessThanOrEqual(3);
    expect(cache.get(1, 'k9')).toBe(record);
  });
});
