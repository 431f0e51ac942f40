import { expect, test } from 'vitest';
import { Deadlines } from './deadlines.js';

const START = 1_700_000_000_123;

function wheel(): {
  deadlines: Deadlines;
  calls: [string, number][];
  at: (name: string, ms: number, again?: number) => void;
} {
  const deadlines = new Deadlines(START, 50);
  const calls: [string, number][] = [];
  let left = 3;
  return {
    deadlines,
    calls,
    at: (name, ms, again) =>
      deadlines.schedule(
        START + ms,
        (now) => {
          calls.push([name, now - START]);
          left -= 1;
          return again === undefined || left <= 0 ? null : now + again;
        },
        { over: false },
      ),
  };
}

test('calls come never early and at most two resolutions late', () => {
  const { deadlines, calls, at } = wheel();
  for (const ms of [0, 1, 49, 50, 51, 777, 10_000, 40_000, 100_000]) at(String(ms), ms);
  for (let ms = 0; ms <= 101_000; ms += 10) deadlines.advance(START + ms);
  expect(calls).toHaveLength(9);
  for (const [name, ms] of calls) {
    expect(ms).toBeGreaterThanOrEqual(Number(name));
    expect(ms).toBeLessThanOrEqual(Number(name) + 100);
  }
});

test('what asks to be called again is', () => {
  const { deadlines, calls, at } = wheel();
  at('beat', 100, 100);
  for (let ms = 0; ms <= 1_000; ms += 10) deadlines.advance(START + ms);
  expect(calls).toHaveLength(3);
});

test('a jump of the clock over the whole wheel calls everything once and loses nothing', () => {
  const { deadlines, calls, at } = wheel();
  at('a', 100, 100);
  at('b', 30_000);
  deadlines.advance(START + 3_600_000);
  expect(calls.map(([name]) => name).sort()).toEqual(['a', 'b']);
  deadlines.advance(START + 3_600_200);
  expect(calls).toHaveLength(3);
});

test('a clock that goes back does no harm', () => {
  const { deadlines, calls, at } = wheel();
  at('a', 100);
  deadlines.advance(START - 10_000);
  expect(calls).toEqual([]);
  deadlines.advance(START + 200);
  expect(calls).toHaveLength(1);
});

test('what belongs to somebody who is gone is forgotten within a turn, however late it is due', () => {
  const { deadlines, calls } = wheel();
  const sixDays = 6 * 86_400_000;
  let asked = 0;
  const gone = {
    get over(): boolean {
      asked += 1;
      return asked > 2;
    },
  };
  deadlines.schedule(
    START + sixDays,
    (now) => {
      calls.push(['gone', now]);
      return null;
    },
    gone,
  );
  for (let ms = 0; ms <= 200_000; ms += 50) deadlines.advance(START + ms);
  deadlines.advance(START + sixDays + 1_000);
  expect([asked, calls]).toEqual([3, []]);
});
