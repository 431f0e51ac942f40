import { expect, it } from 'vitest';
import { SimulatedTime } from './testing/simulated-time.js';
import { TurnQueue } from './turn-queue.js';

function setUp(): { time: SimulatedTime; turns: TurnQueue } {
  const time = new SimulatedTime();
  return { time, turns: new TurnQueue({ nodeId: 'me', now: time.now, sleep: time.sleep }) };
}

it('holds nobody back while nobody asks', () => {
  expect(setUp().turns.hold).toBeNull();
});

it('holds this node back until the commit of the one that asked is seen', async () => {
  const { turns } = setUp();
  turns.add({ node: 'b', waitedMs: 10, forMs: 100 });
  const { hold } = turns;
  turns.appended('c');
  expect(turns.hold).toBe(hold);
  turns.appended('b');
  expect(turns.hold).toBeNull();
  await expect(hold).resolves.toBeUndefined();
  expect(turns.given).toBe(1);
});

it('holds it back no longer than was asked for, and never for longer than half a second', async () => {
  const { time, turns } = setUp();
  turns.add({ node: 'b', waitedMs: 10, forMs: 100 });
  expect(await time.until(() => turns.hold === null, 1_000)).toBe(100);
  turns.add({ node: 'b', waitedMs: 10, forMs: 100_000 });
  expect(await time.until(() => turns.hold === null, 1_000)).toBe(500);
});

it('gives the next turn to the one that has waited longest, which may be this node', () => {
  const { turns } = setUp();
  turns.add({ node: 'b', waitedMs: 1, forMs: 100 });
  turns.add({ node: 'c', waitedMs: 5, forMs: 100 });
  turns.add({ node: 'me', waitedMs: 7, forMs: 100 });
  turns.add({ node: 'd', waitedMs: 9, forMs: 100 });
  turns.appended('d'); // got in by itself
  turns.appended('b');
  expect(turns.hold).toBeNull();
  turns.appended('me');
  expect(turns.hold).not.toBeNull();
  turns.appended('c');
  expect(turns.hold).toBeNull();
});

it('keeps the place of a node that asks again', () => {
  const { turns } = setUp();
  turns.add({ node: 'x', waitedMs: 1, forMs: 100 });
  turns.add({ node: 'b', waitedMs: 9, forMs: 100 });
  turns.add({ node: 'me', waitedMs: 5, forMs: 100 });
  turns.add({ node: 'b', waitedMs: 0, forMs: 100 });
  turns.appended('x');
  expect(turns.hold).not.toBeNull();
});
