import { expect, it } from 'vitest';
import { runCrashLoop } from './crash-loop.js';
import { countFromEnvironment, Random } from './random.js';

/** CRASH_KILLS lengthens the run (200 is a good long one); CRASH_SEED repeats the moments of another. */
const kills = countFromEnvironment('CRASH_KILLS', 20);
const timeoutMs = 60_000 + kills * 5_000;

it(`loses, halves and doubles nothing when the server is killed ${kills} times under writes`, {
  timeout: timeoutMs,
}, async () => {
  const report = await runCrashLoop({ kills, random: Random.fromEnvironment('CRASH_SEED'), workers: 1 });
  console.info('server killed:', report);
  expect(report.acknowledged).toBeGreaterThan(kills);
  expect(report.resumptions).toBeGreaterThanOrEqual(kills);
});

it(`loses, halves and doubles nothing when one of two workers is killed ${kills} times`, {
  timeout: timeoutMs,
}, async () => {
  const report = await runCrashLoop({ kills, random: Random.fromEnvironment('CRASH_SEED'), workers: 2 });
  console.info('worker killed:', report);
  expect(report.acknowledged).toBeGreaterThan(kills);
});
