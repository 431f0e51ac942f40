import { expect, it } from 'vitest';
import { JournalPoll } from './journal-poll.js';
import { SimulatedTime } from './testing/simulated-time.js';

/** A poll of which the test says what it finds; `looks` are the times between its looks. */
function setUp(found: () => boolean = () => false) {
  const time = new SimulatedTime();
  const state = { up: true, dropped: 0 };
  const reach = { doubted: false };
  const looks: number[] = [];
  let last = time.now();
  const follower = {
    news: 0,
    look: async () => {
      looks.push(time.now() - last);
      last = time.now();
      return found();
    },
  };
  const poll = new JournalPoll({ follower, reach, notifier: { state }, sleep: time.sleep, random: () => 0.5 });
  void poll.run();
  return { time, state, reach, looks, follower, poll };
}

it('asks each second while notices come', async () => {
  const { time, looks } = setUp();
  await time.pass(3_500);
  expect(looks).toEqual([1_000, 1_000, 1_000]);
});

it('asks four times as often while the broker is down or the journal does not answer', async () => {
  const { time, looks, state, reach } = setUp();
  state.up = false;
  await time.pass(1_600);
  expect(looks).toEqual([1_000, 250, 250]);
  state.up = true;
  reach.doubted = true;
  await time.pass(500);
  expect(looks.slice(3)).toEqual([250, 250]);
});

it('asks more often for a while once it found what nobody had told of', async () => {
  let missing = true;
  const { time, looks, follower } = setUp(() => missing);
  await time.pass(1_500);
  expect(looks).toEqual([1_000, 250, 250]);
  missing = false;
  await time.pass(12_000);
  expect(looks.at(-1)).toBe(1_000);
  looks.splice(0);
  missing = true;
  for (let second = 0; second < 5; second += 1) {
    follower.news += 1; // what is missing is on its way
    await time.pass(1_000);
  }
  expect(new Set(looks)).toEqual(new Set([1_000]));
});

it('ends when it is closed', async () => {
  const { time, looks, poll } = setUp();
  poll.close();
  await time.pass(5_000);
  expect(looks).toEqual([]);
});
