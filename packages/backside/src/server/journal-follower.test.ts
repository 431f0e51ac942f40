import { GAP, noticeOf } from '@backside/notifier';
import { BacksideError, Commit, SILENT_LOGGER } from '@backside/protocol';
import { createMemoryJournal, type Journal } from '@backside/store';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { JournalFollower } from './journal-follower.js';

const NEVER_MS = 2 ** 30;
const commitAt = (revision: number): Commit =>
  new Commit({ revision, time: 0, author: null, origin: 'other', changes: [{ path: ['n'], value: revision }] });

let journal: Journal;
let taken: number[];
let lost: BacksideError[];
let follower: JournalFollower;

beforeEach(() => {
  journal = createMemoryJournal();
  taken = [];
  lost = [];
});
afterEach(async () => {
  await follower.close();
  await journal.close();
});

function follow(lookMs = NEVER_MS): void {
  follower = new JournalFollower({
    journal,
    logger: SILENT_LOGGER,
    lookMs: () => lookMs,
    revision: () => taken.at(-1) ?? 0,
    take: (commits) => taken.push(...commits.map(({ revision }) => revision)),
    lost: (error) => lost.push(error),
  });
}

async function append(...revisions: number[]): Promise<void> {
  await journal.append(revisions[0]! - 1, revisions.map(commitAt)).durable;
}

test('takes what follows as it is told, and nothing twice', async () => {
  follow();
  follower.receive(noticeOf([commitAt(1), commitAt(2)]));
  follower.receive(noticeOf([commitAt(2), commitAt(3)]));
  follower.receive(noticeOf([commitAt(1)]));
  expect(taken).toEqual([1, 2, 3]);
});

test('reads from the journal what it was not told, in order', async () => {
  follow();
  await append(1, 2, 3);
  follower.receive(noticeOf([commitAt(3)]));
  await vi.waitFor(() => expect(taken).toEqual([1, 2, 3]));
  await append(4, 5);
  follower.receive({ commits: [], head: 5 });
  await vi.waitFor(() => expect(taken).toEqual([1, 2, 3, 4, 5]));
  await append(6);
  follower.receive(GAP);
  await vi.waitFor(() => expect(taken).toEqual([1, 2, 3, 4, 5, 6]));
});

test('finds what nobody told of', async () => {
  follow(5);
  await append(1, 2);
  await vi.waitFor(() => expect(taken).toEqual([1, 2]));
  await append(3);
  await vi.waitFor(() => expect(taken).toEqual([1, 2, 3]));
});

test('goes on when the journal can be read again', async () => {
  const real = journal.commits.bind(journal);
  let failures = 2;
  journal.commits = (after) => {
    if (failures-- > 0) throw new BacksideError('unavailable', 'no answer');
    return real(after);
  };
  follow(5);
  await append(1);
  await vi.waitFor(() => expect(taken).toEqual([1]));
  expect(lost).toEqual([]);
});

test('says when the journal has dropped what comes next', async () => {
  follow();
  await append(1, 2, 3);
  await journal.trim(2);
  follower.receive(GAP);
  await vi.waitFor(() => expect(lost).toMatchObject([{ code: 'not-found' }]));
  expect(taken).toEqual([]);
});

test('takes nothing once it is closed', async () => {
  follow(1);
  await follower.close();
  await append(1);
  follower.receive(noticeOf([commitAt(1)]));
  follower.look();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(taken).toEqual([]);
});
