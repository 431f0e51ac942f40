import { GAP, noticeOf } from '@backside/notifier';
import { BacksideError, Commit, SILENT_LOGGER } from '@backside/protocol';
import { createMemoryJournal, type Journal } from '@backside/store';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { JournalFollower } from './journal-follower.js';
import { sleep } from './sleep.js';

const commitAt = (revision: number): Commit =>
  new Commit({ revision, time: 0, author: null, origin: 'other', changes: [{ path: ['n'], value: revision }] });

let journal: Journal;
let notifierUp: boolean;
let taken: number[];
let lost: BacksideError[];
let follower: JournalFollower;

beforeEach(() => {
  journal = createMemoryJournal();
  notifierUp = true;
  taken = [];
  lost = [];
});
afterEach(async () => {
  follower.close();
  await journal.close();
});

function follow(patienceMs = 2_000): void {
  follower = new JournalFollower({
    journal,
    notifier: {
      get state() {
        return { up: notifierUp, dropped: 0 };
      },
    },
    patienceMs,
    logger: SILENT_LOGGER,
    now: Date.now,
    random: Math.random,
    sleep,
    revision: () => taken.at(-1) ?? 0,
    apply: (commits) => taken.push(...commits.map(({ revision }) => revision)),
    lost: (error) => lost.push(error),
  });
}

async function append(...revisions: number[]): Promise<void> {
  await journal.append(revisions[0]! - 1, revisions.map(commitAt)).durable;
}

const waitFor = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000 });

test('takes what follows as it is told, and nothing twice', () => {
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
  await waitFor(() => expect(taken).toEqual([1, 2, 3]));
  await append(4, 5);
  follower.receive({ commits: [], head: 5 });
  await waitFor(() => expect(taken).toEqual([1, 2, 3, 4, 5]));
  await append(6);
  follower.receive(GAP);
  await waitFor(() => expect(taken).toEqual([1, 2, 3, 4, 5, 6]));
});

test('reads from the journal what is missing in the midst of what it is told at once', async () => {
  follow();
  await append(1, 2, 3, 4, 5, 6);
  follower.receive(noticeOf([commitAt(1), commitAt(3), commitAt(4), commitAt(4), commitAt(6)]));
  expect(taken).toEqual([1]);
  await waitFor(() => expect(taken).toEqual([1, 2, 3, 4, 5, 6]));
});

test.each([true, false])('finds what nobody told of (notifier up: %s)', async (up) => {
  notifierUp = up;
  follow();
  await append(1, 2);
  await waitFor(() => expect(taken).toEqual([1, 2]));
  await append(3);
  await waitFor(() => expect(taken).toEqual([1, 2, 3]));
});

test('goes on when the journal can be read again', async () => {
  const real = journal.commits.bind(journal);
  let failures = 2;
  journal.commits = (after) => {
    if (failures-- > 0) throw new BacksideError('unavailable', 'no answer');
    return real(after);
  };
  follow();
  await append(1);
  await waitFor(() => expect(taken).toEqual([1]));
  expect(lost).toEqual([]);
});

test('gives up on a reading that is never answered, and reads again', async () => {
  const real = journal.commits.bind(journal);
  let readings = 0;
  journal.commits = (after) => {
    readings += 1;
    return readings > 1 ? real(after) : { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) };
  };
  follow(50);
  await append(1);
  await waitFor(() => expect(taken).toEqual([1]));
});

test('says when the journal has dropped what comes next', async () => {
  follow();
  await append(1, 2, 3);
  await journal.trim(2);
  follower.receive(GAP);
  await waitFor(() => expect(lost).toMatchObject([{ code: 'not-found' }]));
  expect(taken).toEqual([]);
});

test('takes nothing once it is closed', async () => {
  follow();
  follower.close();
  await append(1);
  follower.receive(noticeOf([commitAt(1)]));
  await follower.look();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(taken).toEqual([]);
});
