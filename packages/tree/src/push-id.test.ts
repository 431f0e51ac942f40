import { describe, expect, it } from 'vitest';
import { compareKeys } from './key-order.js';
import { isValidKey } from './path.js';
import { createPushIds } from './push-id.js';

describe('createPushIds', () => {
  it('spells the time first and then randomness', () => {
    const next = createPushIds({ now: () => 1_700_000_000_000, random: () => 0.5 });
    expect(next()).toBe(`-NjEtLV-${'V'.repeat(12)}`);
  });

  it('ascends strictly, within a millisecond, with the clock and against it', () => {
    const times = [5, 5, 5, 6, 4, 4, 7, 6.5, 8];
    let call = 0;
    const next = createPushIds({ now: () => times[call++ % times.length] as number, random: Math.random });
    const ids = times.map(next);
    for (let i = 1; i < ids.length; i++) expect(compareKeys(ids[i - 1] as string, ids[i] as string)).toBeLessThan(0);
    for (const id of ids) {
      expect(id).toMatch(/^[-0-9A-Z_a-z]{20}$/);
      expect(isValidKey(id)).toBe(true);
    }
  });

  it('carries, and borrows the next millisecond when all randomness is used up', () => {
    const next = createPushIds({ now: () => 63, random: () => 0.999999 });
    expect(next()).toBe(`-------z${'z'.repeat(12)}`);
    expect(next()).toBe(`------0-${'-'.repeat(12)}`);
    expect(next()).toBe(`------0-${'-'.repeat(11)}0`);
  });

  it('starts at time zero too', () => {
    expect(createPushIds({ now: () => 0, random: () => 0 })()).toBe('-'.repeat(20));
  });
});
