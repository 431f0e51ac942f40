import { expect, it } from 'vitest';
import { LapsedLeases } from './lapsed-leases.js';
import type { LeaseState } from './node-lease.js';

const none: ReadonlySet<string> = new Set();

const leases = (beat: number): ReadonlyMap<string, LeaseState> => new Map([['a', { beat, holder: 'a' }]]);

/** Looks so many times at a lease that stays as it is; tells at which of them it had lapsed. */
function lookAt(lapsed: LapsedLeases, beat: number, times: number): number[] {
  return Array.from({ length: times }, (_, look) => look).filter(
    () => lapsed.among(leases(beat), 'me', none).length > 0,
  );
}

it('has a lease lapse after five looks that found it as it was', () => {
  const lapsed = new LapsedLeases(false);
  expect(lookAt(lapsed, 7, 7)).toEqual([5, 6]);
  expect(lookAt(lapsed, 8, 5)).toEqual([]);
});

it('is suspicious from the third on, until the lease changes', () => {
  const lapsed = new LapsedLeases(false);
  lookAt(lapsed, 7, 3);
  expect(lapsed.suspicious).toBe(false);
  lookAt(lapsed, 7, 1);
  expect(lapsed.suspicious).toBe(true);
  lookAt(lapsed, 8, 1);
  expect(lapsed.suspicious).toBe(false);
});

it('counts anew after an interruption, in which nobody could show life', () => {
  const lapsed = new LapsedLeases(false);
  lookAt(lapsed, 7, 5);
  lapsed.interrupted();
  expect(lapsed.suspicious).toBe(false);
  expect(lookAt(lapsed, 7, 6)).toEqual([5]);
});

it('has one that was ended in order, or whose holder has none, lapse at once', () => {
  const lapsed = new LapsedLeases(false);
  expect(lapsed.among(leases(0), 'me', none)).toEqual([{ node: 'a', holder: { id: 'a', beat: 0 } }]);
  const orphan = new Map([['a', { beat: 3, holder: 'heir' }]]);
  expect(lapsed.among(orphan, 'me', none)).toEqual([{ node: 'a', holder: { id: 'heir', beat: null } }]);
});

it('leaves out what the heir itself is busy with, and nothing else that it holds', () => {
  const lapsed = new LapsedLeases(false);
  const held = new Map([
    ['a', { beat: 3, holder: 'heir' }],
    ['heir', { beat: 5, holder: 'heir' }],
  ]);
  expect(lapsed.among(held, 'heir', new Set(['a']))).toEqual([]);
  expect(lapsed.among(held, 'heir', none)).toEqual([{ node: 'a', holder: { id: 'heir', beat: 5 } }]);
});
