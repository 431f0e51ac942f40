import { Commit } from '@backside/protocol';
import { describe, expect, it } from 'vitest';
import { Backlog, type Outgoing } from './backlog.js';
import { encodeNotice, SENDER_BYTES } from './notice-codec.js';

const LIMITS = { maxBytes: 100_000, maxDatabases: 10 };
const MESSAGE = 10_000;

function commits(from: number, to: number, size = 10): Commit[] {
  return Array.from({ length: to - from + 1 }, (_, index) => {
    const changes = [{ path: ['k'], value: 'x'.repeat(size) }];
    return new Commit({ revision: from + index, time: 0, author: null, origin: 'n', changes });
  });
}

/** What a message says: the database, the revisions that it carries and the head. */
function says(outgoing: Outgoing | null): unknown {
  if (outgoing === null) return null;
  const revisions = outgoing.commits.map((bytes) => JSON.parse(Buffer.from(bytes).toString()).r as number);
  return [outgoing.database, revisions, outgoing.head];
}

function takeAll(backlog: Backlog, maxBytes = MESSAGE): Outgoing[] {
  const taken: Outgoing[] = [];
  for (let next = backlog.take(maxBytes); next !== null; next = backlog.take(maxBytes)) taken.push(next);
  return taken;
}

describe('what waits for the broker', () => {
  it('is joined into one message per database, in order', () => {
    const backlog = new Backlog(LIMITS);
    backlog.add('a', commits(1, 2));
    backlog.add('b', commits(7, 7));
    backlog.add('a', commits(3, 3));
    expect(takeAll(backlog).map(says)).toEqual([
      ['a', [1, 2, 3], 3],
      ['b', [7], 7],
    ]);
  });

  it('goes into messages of a bounded size, databases in turn', () => {
    const backlog = new Backlog(LIMITS);
    backlog.add('a', commits(1, 20, 1_500));
    backlog.add('b', commits(1, 1));
    const taken = takeAll(backlog);
    expect(taken.map(({ database }) => database)).toEqual(['a', 'b', 'a', 'a', 'a']);
    expect(taken.flatMap(({ database, commits: all }) => (database === 'a' ? all : []))).toHaveLength(20);
    for (const message of taken)
      expect(encodeNotice(message, Buffer.alloc(SENDER_BYTES)).length).toBeLessThanOrEqual(MESSAGE);
  });

  it('tells of a commit that is too large for a message by its revision, and carries its neighbours', () => {
    const backlog = new Backlog(LIMITS);
    backlog.add('a', [...commits(1, 1), ...commits(2, 2, MESSAGE), ...commits(3, 3)]);
    expect(takeAll(backlog).map(says)).toEqual([
      ['a', [1], 1],
      ['a', [], 2],
      ['a', [3], 3],
    ]);
    expect(backlog.dropped).toBe(0);
  });

  it('counts until the broker has it', () => {
    const backlog = new Backlog(LIMITS);
    expect(backlog.isEmpty).toBe(true);
    backlog.add('a', commits(1, 3));
    const [outgoing] = takeAll(backlog);
    expect(backlog.bytesUnderWay).toBeGreaterThan(0);
    expect(backlog.bytes).toBe(backlog.bytesUnderWay);
    expect(backlog.isEmpty).toBe(false);
    backlog.settle(outgoing!);
    backlog.settle(outgoing!);
    expect([backlog.bytes, backlog.bytesUnderWay, backlog.isEmpty]).toEqual([0, 0, true]);
  });
});

describe('what was under way when the link was lost', () => {
  it('waits again, before what came later', () => {
    const backlog = new Backlog(LIMITS);
    backlog.add('a', commits(1, 2));
    backlog.take(MESSAGE);
    backlog.add('a', commits(3, 3));
    backlog.take(MESSAGE);
    backlog.add('a', commits(4, 4));
    backlog.restore();
    expect(takeAll(backlog).map(says)).toEqual([['a', [1, 2, 3, 4], 4]]);
  });

  it('is told by its revision alone if a second link is lost: it may be the reason', () => {
    const backlog = new Backlog(LIMITS);
    backlog.add('a', commits(1, 2));
    backlog.take(MESSAGE);
    backlog.restore();
    backlog.take(MESSAGE);
    backlog.restore();
    const taken = takeAll(backlog);
    expect(taken.map(says)).toEqual([['a', [], 2]]);
    expect(backlog.dropped).toBe(2);
    for (const outgoing of taken) backlog.settle(outgoing);
    expect([backlog.bytes, backlog.bytesUnderWay]).toEqual([0, 0]);
  });
});

describe('more than may wait', () => {
  it('leaves the newest revision of the database, and is counted', () => {
    const backlog = new Backlog(LIMITS);
    backlog.add('a', commits(1, 50, 1_000));
    backlog.add('b', commits(1, 50, 1_000));
    backlog.add('b', commits(51, 51));
    expect(backlog.dropped).toBe(50);
    const taken = takeAll(backlog, 1_000_000);
    expect(taken.map(({ database, head }) => [database, head])).toEqual([
      ['a', 50],
      ['b', 51],
    ]);
    expect(says(taken[1]!)).toEqual(['b', [51], 51]);
  });

  it('never holds more bytes than it may, nor forgets a revision', () => {
    const backlog = new Backlog(LIMITS);
    let most = 0;
    for (let revision = 1; revision <= 20_000; revision += 1) {
      backlog.add(`db ${revision % 7}`, commits(revision, revision, revision % 500));
      if (revision % 100 === 0) backlog.take(MESSAGE);
      if (revision % 500 === 0) backlog.restore();
      most = Math.max(most, backlog.bytes);
    }
    expect(most).toBeLessThanOrEqual(LIMITS.maxBytes + 7 * 64);
    const heads = new Map(takeAll(backlog).map(({ database, head }) => [database, head]));
    expect([...heads.values()].sort()).toEqual([19_994, 19_995, 19_996, 19_997, 19_998, 19_999, 20_000]);
  });

  it('of more databases than it may remember becomes a word to all', () => {
    const backlog = new Backlog(LIMITS);
    for (let database = 1; database <= 12; database += 1) backlog.add(`db ${database}`, commits(1, 1));
    expect(backlog.dropped).toBe(2);
    const taken = takeAll(backlog);
    expect(says(taken[0]!)).toEqual([null, [], null]);
    expect(taken).toHaveLength(11);
    backlog.restore();
    expect(takeAll(backlog).map(says)).toContainEqual([null, [], null]);
  });
});
