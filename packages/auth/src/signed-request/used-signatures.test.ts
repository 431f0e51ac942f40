import { expect, test } from 'vitest';
import { UsedSignatures } from './used-signatures.js';

function memory(max = 100): { used: UsedSignatures; clock: { now: number } } {
  const clock = { now: 1_000_000 };
  return { clock, used: new UsedSignatures({ max: () => max, now: () => clock.now }) };
}

test('a signature is new once, and to each login by itself', () => {
  const { used } = memory();
  expect(used.use({ login: 'ann', hmac: 'a' }, 2_000_000)).toBe('first');
  expect(used.use({ login: 'ann', hmac: 'a' }, 2_000_000)).toBe('again');
  expect(used.use({ login: 'bob', hmac: 'a' }, 2_000_000)).toBe('first');
  expect(used.use({ login: 'ann', hmac: 'b' }, 2_000_000)).toBe('first');
});

test('it is forgotten once it has expired, and not before', () => {
  const { used, clock } = memory();
  used.use({ login: 'ann', hmac: 'a' }, clock.now + 10_000);
  clock.now += 10_000;
  expect(used.use({ login: 'ann', hmac: 'a' }, clock.now)).toBe('again');
  clock.now += 2_000;
  used.use({ login: 'ann', hmac: 'b' }, clock.now);
  expect(used.size).toBe(1);
});

test('one login fills its share and keeps nobody else out', () => {
  const { used } = memory(100);
  for (let n = 0; n < 5; n++) expect(used.use({ login: 'ann', hmac: `${n}` }, 2_000_000)).toBe('first');
  expect(used.use({ login: 'ann', hmac: 'one more' }, 2_000_000)).toBe('full');
  expect(used.use({ login: 'bob', hmac: '0' }, 2_000_000)).toBe('first');
});

test('it never holds more than its bound', () => {
  const { used } = memory(40);
  for (let n = 0; n < 200; n++) used.use({ login: `user ${n}`, hmac: 'a' }, 2_000_000);
  expect(used.size).toBe(40);
  expect(used.use({ login: 'late', hmac: 'a' }, 2_000_000)).toBe('full');
});
