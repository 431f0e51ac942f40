import { BacksideError, SILENT_LOGGER } from '@backside/protocol';
import { expect, it, vi } from 'vitest';
import { JournalReach } from './journal-reach.js';
import { SimulatedTime } from './testing/simulated-time.js';

function setUp(remote = true) {
  const time = new SimulatedTime();
  const { now, sleep } = time;
  const reach = new JournalReach({ remote, patienceMs: 1_000, logger: SILENT_LOGGER, now, sleep });
  const changed = vi.fn();
  reach.onChange(changed);
  const fail = (): Promise<void> =>
    reach.ask(() => Promise.reject(new BacksideError('unavailable', 'refused'))).catch(() => {});
  return { time, reach, changed, fail };
}

const never = (): Promise<never> => new Promise(() => {});

it('is lost when a call had no answer in time and no other had one meanwhile', async () => {
  const { time, reach, changed } = setUp();
  const call = reach.ask(never).catch((error: unknown) => error);
  await time.pass(900);
  expect(reach.lost).toBe(false);
  await time.result(call, 1_000);
  expect(reach.lost).toBe(true);
  expect(changed.mock.calls).toEqual([[true]]);
});

it('is not lost while other calls are answered', async () => {
  const { time, reach } = setUp();
  const call = reach.ask(never).catch((error: unknown) => error);
  await time.pass(500);
  await reach.ask(async () => 1);
  expect(await time.result(call, 1_000)).toMatchObject({ code: 'unavailable' });
  expect(reach.lost).toBe(false);
});

it('is lost when failures are all that comes for as long, not after the first one', async () => {
  const { time, reach, fail } = setUp();
  await fail();
  expect([reach.doubted, reach.lost]).toEqual([true, false]);
  await time.pass(800);
  await fail();
  await time.pass(200);
  expect(reach.lost).toBe(true);
  const other = setUp();
  await other.fail();
  await other.time.pass(800);
  await other.reach.ask(async () => 1);
  await other.time.pass(5_000);
  expect([other.reach.doubted, other.reach.lost]).toEqual([false, false]);
});

it('takes `not-found` for an answer', async () => {
  const { time, reach } = setUp();
  await reach.ask(() => Promise.reject(new BacksideError('not-found'))).catch(() => {});
  await time.pass(5_000);
  expect(reach.lost).toBe(false);
});

it('tells all who wait when it is lost, whatever they wait for', async () => {
  const { time, reach, fail } = setUp();
  const waiting = [reach.whileInReach(never()), reach.ask(never, 100)].map((call) => call.catch((error) => error));
  await fail();
  await time.pass(1_000);
  for (const call of waiting) expect(await call).toMatchObject({ code: 'unavailable' });
  await expect(reach.whileInReach(never())).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 1_000 });
});

it('is found again with the next answer, and says for how long it was level meanwhile', async () => {
  const { time, reach, changed, fail } = setUp();
  await time.pass(500);
  reach.levelAsOf(time.now());
  await fail();
  await time.pass(3_000);
  expect(reach.staleness()).toBe(3_000);
  await reach.ask(async () => 1);
  expect([reach.lost, reach.staleness()]).toEqual([false, null]);
  expect(changed.mock.calls).toEqual([[true], [false]]);
});

it('leaves calls of a journal of this process alone', async () => {
  const { time, reach, fail } = setUp(false);
  await fail();
  const call = reach.ask(() => time.sleep(60_000).then(() => 'late'));
  await expect(time.result(call, 61_000)).resolves.toBe('late');
  expect(reach.lost).toBe(false);
});
