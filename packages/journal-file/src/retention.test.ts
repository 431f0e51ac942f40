import { describe, expect, it } from 'vitest';
import { removableSegments } from './retention.js';

/** Four segments of ten revisions and 100 bytes, begun at 0, 1000, 2000 and 3000 ms. */
const SEGMENTS = [0, 1, 2, 3].map((index) => ({ firstRevision: 1 + 10 * index, createdMs: 1000 * index, bytes: 100 }));

describe('retention', () => {
  const removable = (revision: number, retention = {}): number =>
    removableSegments(SEGMENTS, { revision, now: 4000, retention });

  it('without settings lets go of whole segments that nobody needs, and never of the last', () => {
    expect([0, 9, 10, 19, 20, 30, 40, 1000].map((revision) => removable(revision))).toEqual([0, 0, 1, 1, 2, 3, 3, 3]);
  });

  it('keeps segments that ended a short time ago', () => {
    expect(removable(40, { maxAgeMs: 1500 })).toBe(2);
    expect(removable(40, { maxAgeMs: 500 })).toBe(3);
    expect(removable(40, { maxAgeMs: 10_000 })).toBe(0);
  });

  it('keeps as many segments as fit into a size', () => {
    expect(removable(40, { maxBytes: 250 })).toBe(2);
    expect(removable(40, { maxBytes: 400 })).toBe(0);
    expect(removable(40, { maxBytes: 1 })).toBe(3);
  });

  it('keeps what is both young and small enough, and always what is needed', () => {
    expect(removable(40, { maxAgeMs: 10_000, maxBytes: 250 })).toBe(2);
    expect(removable(40, { maxAgeMs: 1500, maxBytes: 400 })).toBe(2);
    expect(removable(5, { maxAgeMs: 1, maxBytes: 1 })).toBe(0);
  });
});
