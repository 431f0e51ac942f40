import { expect, test } from 'vitest';
import { ManualEnvironment } from '../testing/manual-environment.js';
import { Liveness } from './liveness.js';

interface Line {
  readonly environment: ManualEnvironment;
  readonly liveness: Liveness;
  /** What happened, with the seconds since the beginning. */
  readonly log: string[];
}

function line(intervalMs: number, granularityMs = 1): Line {
  const environment = new ManualEnvironment();
  environment.time = 0;
  environment.granularityMs = granularityMs;
  const log: string[] = [];
  const note = (what: string): void => void log.push(`${environment.time / 1_000} ${what}`);
  const liveness: Liveness = new Liveness({
    environment,
    agreement: { sendMs: intervalMs, receiveMs: intervalMs },
    beat: () => {
      note('beat');
      liveness.sent();
    },
    ask: () => note('ask'),
    dead: () => note('dead'),
  });
  return { environment, liveness, log };
}

test('beats early enough, and ends a line on which nothing comes and no question is answered', () => {
  const { environment, log } = line(10_000);
  environment.advance(60_000);
  expect(log).toEqual(['8 beat', '15 ask', '16 beat', '17.5 ask', '20 dead']);
  expect(environment.waiting).toBe(0);
});

test('goes on as long as anything comes', () => {
  const { environment, liveness, log } = line(10_000);
  for (let seconds = 0; seconds < 600; seconds += 8) {
    environment.advance(8_000);
    liveness.received();
  }
  expect(log.filter((entry) => !entry.endsWith('beat'))).toEqual([]);
});

test('with timers once a minute beats whenever something comes, and takes nobody for dead', () => {
  const { environment, liveness, log } = line(15_000, 60_000);
  for (let count = 0; count < 50; count += 1) {
    environment.advance(12_000);
    liveness.received();
  }
  const beats = log.filter((entry) => entry.endsWith('beat')).map((entry) => Number.parseFloat(entry));
  expect(log).not.toContain('dead');
  expect(Math.max(...beats.slice(1).map((at, index) => at - beats[index]!))).toBeLessThanOrEqual(15);
});

test('after a sleep asks before it judges', () => {
  const { environment, liveness, log } = line(10_000);
  environment.sleep(3_600_000);
  expect(log).toEqual(['3600 beat', '3600 ask']);
  environment.sleep(3_600_000);
  expect(log.at(-1)).toBe('7200 ask');
  liveness.received();
  environment.advance(8_000);
  expect(log).not.toContain('dead');
});

test('asks at once when there is doubt, and once only', () => {
  const { environment, liveness, log } = line(10_000);
  liveness.doubt();
  liveness.doubt();
  environment.advance(8_000);
  expect(log.filter((entry) => !entry.endsWith('beat'))).toEqual(['0 ask', '2.5 ask', '5 dead']);
});

test('goes on in its measure when the clock is set back', () => {
  const { environment, log } = line(10_000);
  environment.advance(5_000);
  environment.setClock(-3_600_000);
  environment.advance(30_000);
  expect(log.map((entry) => entry.split(' ')[1])).toEqual(['beat', 'ask', 'beat', 'ask', 'dead']);
});

test('says nothing where no heart-beats were agreed', () => {
  const { environment, log } = line(0);
  environment.advance(3_600_000);
  expect(log).toEqual([]);
  expect(environment.waiting).toBe(0);
});
