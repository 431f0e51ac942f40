import { expect, it } from 'vitest';
import { SimulatedTime } from './testing/simulated-time.js';
import { TURN_MS, TurnQueue } from './turn-queue.js';

function setUp(): { time: SimulatedTime; turns: TurnQueue } {
  const time = new SimulatedTime();
  return { time, turns: new TurnQueue({ nodeId: 'me', now: time.now, sleep: time.sleep }) };
}

it('holds nobody back while nobody asks', () => {
  expect(setUp().turns.hold).toBeNull();
});

it('holds this node back until the one that asked says that it is done', async () => {
  const { turns } = setUp();
  turns.add({ node: 'b', waitedMs: 10, forMs: 100, after: 0 });
  const { hold } = turns;
  turns.appended('c', 1);
  turns.appended('b', 1);
  turns.over('c');
  expect(turns.hold).toBe(hold);
  turns.over('b');
  expect(turns.hold).toBeNull();
  await expect(hold).resolves.toBeUndefined();
  expect(turns.given).toBe(1);
});

it('waits for the first commit no longer than was asked for, and never for longer than half a second', async () => {
  const { time, turns } = setUp();
  turns.add({ node: 'b', waitedMs: 10, forMs: 100, after: 0 });
  expect(await time.until(() => turns.hold === null, 1_000)).toBe(100);
  turns.add({ node: 'b', waitedMs: 10, forMs: 100_000, after: 0 });
  expect(await time.until(() => turns.hold === null, 1_000)).toBe(500);
});

it('ends a turn of which nobody says that it is done', async () => {
  const { time, turns } = setUp();
  turns.add({ node: 'b', waitedMs: 10, forMs: 100, after: 0 });
  await time.pass(90);
  turns.appended('b', 1);
  await time.pass(50);
  turns.appended('b', 1);
  expect(turns.hold).not.toBeNull();
  expect(await time.until(() => turns.hold === null, 1_000)).toBe(TURN_MS + 100 - 50);
});

it('has time for several commits of this node, and then holds it back if somebody waits', async () => {
  const { time, turns } = setUp();
  turns.add({ node: 'me', waitedMs: 10, forMs: 40, after: 0 });
  turns.add({ node: 'b', waitedMs: 5, forMs: 40, after: 0 });
  await time.pass(TURN_MS - 1);
  turns.appended('me', 1);
  expect([turns.isMine, turns.isUp, turns.hold]).toEqual([true, false, null]);
  await time.pass(1);
  expect(turns.isUp).toBe(true);
  expect(turns.hold).not.toBeNull();
  turns.over('me');
  expect(turns.isMine).toBe(false);
  turns.over('b');
  expect(turns.hold).toBeNull();
});

it('lets this node go on for as long as nobody else waits', async () => {
  const { time, turns } = setUp();
  turns.add({ node: 'me', waitedMs: 10, forMs: 40, after: 0 });
  turns.appended('me', 1);
  await time.pass(30);
  expect([turns.isMine, turns.isUp, turns.hold]).toEqual([true, false, null]);
});

it('says for how long this node has kept the others waiting', async () => {
  const { time, turns } = setUp();
  expect(turns.waitedFor).toBeNull();
  turns.add({ node: 'me', waitedMs: 10, forMs: 40, after: 0 });
  await time.pass(7);
  expect(turns.waitedFor).toBe(7);
  turns.appended('me', 1);
  expect(turns.waitedFor).toBeNull();
});

it('gives the next turn to the one that has waited longest, which may be this node', () => {
  const { turns } = setUp();
  turns.add({ node: 'd', waitedMs: 9, forMs: 100, after: 0 });
  turns.appended('d', 1);
  turns.add({ node: 'b', waitedMs: 1, forMs: 100, after: 0 });
  turns.add({ node: 'c', waitedMs: 5, forMs: 100, after: 0 });
  turns.add({ node: 'me', waitedMs: 7, forMs: 100, after: 0 });
  turns.over('d');
  expect(turns.hold).toBeNull();
  turns.over('me');
  turns.appended('b', 1); // it comes before the one whose turn it is
  turns.over('b');
  expect(turns.hold).not.toBeNull();
  turns.over('c');
  expect(turns.hold).toBeNull();
});

it('gives way to who asked earlier, of which it hears later, as long as nobody has used the turn', () => {
  const { turns } = setUp();
  turns.add({ node: 'me', waitedMs: 5, forMs: 100, after: 0 });
  expect(turns.isMine).toBe(true);
  turns.add({ node: 'b', waitedMs: 9, forMs: 100, after: 0 });
  expect([turns.isMine, turns.has('me')]).toEqual([false, true]);
  turns.appended('b', 1);
  turns.add({ node: 'c', waitedMs: 20, forMs: 100, after: 0 });
  expect(turns.hold).not.toBeNull();
  turns.over('b');
  turns.over('c');
  expect(turns.isMine).toBe(true);
});

it('is of the one whose commit comes first, if nodes disagree', () => {
  const { turns } = setUp();
  turns.add({ node: 'me', waitedMs: 9, forMs: 100, after: 0 });
  turns.add({ node: 'b', waitedMs: 5, forMs: 100, after: 0 });
  turns.appended('b', 1);
  expect([turns.isMine, turns.has('me')]).toEqual([false, true]);
  turns.over('b');
  expect(turns.isMine).toBe(true);
});

it('keeps the place of a node that asks again', () => {
  const { turns } = setUp();
  turns.add({ node: 'x', waitedMs: 1, forMs: 100, after: 0 });
  turns.add({ node: 'b', waitedMs: 9, forMs: 100, after: 0 });
  turns.add({ node: 'me', waitedMs: 5, forMs: 100, after: 0 });
  turns.add({ node: 'b', waitedMs: 0, forMs: 100, after: 0 });
  turns.over('x');
  expect(turns.hold).not.toBeNull();
});

it('is decided by no commit that was made before its node asked, although it is heard of later', () => {
  const { turns } = setUp();
  turns.add({ node: 'me', waitedMs: 9, forMs: 100, after: 7 });
  turns.add({ node: 'b', waitedMs: 5, forMs: 100, after: 12 });
  turns.appended('b', 11);
  turns.appended('b', 12);
  expect(turns.isMine).toBe(true);
  turns.appended('me', 7);
  expect(turns.waitedFor).not.toBeNull();
  turns.appended('b', 13);
  expect(turns.isMine).toBe(false);
});
