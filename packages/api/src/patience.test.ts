import { BacksideError } from '@backside/protocol';
import { expect, it } from 'vitest';
import { LateAnswerError, Patience } from './patience.js';
import { SimulatedTime } from './testing/simulated-time.js';

const never = (): Promise<never> => new Promise(() => {});

function setUp(): { time: SimulatedTime; patience: Patience } {
  const time = new SimulatedTime();
  return { time, patience: new Patience(1_000, time.sleep) };
}

it('passes answers and failures on', async () => {
  const { patience } = setUp();
  await expect(patience.bound(Promise.resolve(1))).resolves.toBe(1);
  await expect(patience.bound(Promise.reject(new Error('no')))).rejects.toThrow('no');
});

it('gives up after one to one and a quarter of the time, or so many times of it', async () => {
  const { time, patience } = setUp();
  const start = time.now();
  const took = async (times?: number): Promise<number> => {
    const late = patience.bound(never(), times);
    await expect(late).rejects.toThrow(LateAnswerError);
    await expect(late).rejects.toThrow(`within ${1_000 * (times ?? 1)} ms`);
    return time.now() - start;
  };
  await time.pass(100);
  const [once, thrice] = await time.result(Promise.all([took(), took(3)]), 10_000);
  expect(once).toBeGreaterThanOrEqual(1_100);
  expect(once).toBeLessThanOrEqual(1_350);
  expect(thrice).toBeGreaterThanOrEqual(3_100);
  expect(thrice).toBeLessThanOrEqual(3_350);
});

it('counts only the time in which it was awake', async () => {
  const time = new SimulatedTime();
  let asleep: Promise<void> = Promise.resolve();
  const patience = new Patience(1_000, async (ms) => {
    await time.sleep(ms);
    await asleep;
  });
  const call = patience.bound(time.sleep(60_100));
  asleep = time.sleep(60_000);
  await time.pass(60_000);
  await expect(time.result(call, 1_000)).resolves.toBeUndefined();
});

it('gives up all calls at once when it is told to', async () => {
  const { patience } = setUp();
  const calls = [patience.bound(never()), patience.bound(never(), Number.POSITIVE_INFINITY)];
  patience.end(new BacksideError('unavailable', 'lost'));
  for (const call of calls) await expect(call).rejects.toThrow('lost');
});
