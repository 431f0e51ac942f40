import { expect, test } from 'vitest';
import { MessageClock } from './message-clock.js';

test('times of one sender are different and rise, those of others are free', () => {
  let now = 1_000;
  const clock = new MessageClock(() => now);
  expect([clock.next('a'), clock.next('a'), clock.next('b'), clock.next('a')]).toEqual([1_000, 1_001, 1_000, 1_002]);
  now = 500;
  expect(clock.next('a')).toBe(1_003);
  now = 2_000;
  expect(clock.next('a')).toBe(2_000);
});

test('however many senders there are, a busy one is not forgotten', () => {
  const clock = new MessageClock(() => 1);
  for (let i = 0; i < 15_000; i += 1) {
    clock.next(`s${i}`);
    clock.next('busy');
  }
  expect(clock.next('busy')).toBe(15_001);
});
