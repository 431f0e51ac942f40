import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ADMIN, Commit, decodeCommit } from '@backside/protocol';
import { createMemoryJournal, createMemoryReplica, type Journal } from '@backside/store';
import { expect, it } from 'vitest';
import type { WriteOperation } from './operation.js';
import { listen, openDatabase, set, settle } from './testing/database.js';

const MEGABYTE = 1024 * 1024;
/** Of the commits that are given out together. */
const BATCH = 100;

/** A write that was made once already, as `key-<revision>`. */
function madeBefore(revision: number): WriteOperation {
  return { principal: ADMIN, steps: [set('/k', revision)], idempotencyKey: `key-${revision}` };
}

/** A commit as it is read: its text is in memory once more, decoded. */
function storedCommit(revision: number, characters: number): Commit {
  const changes = [{ path: ['k'], value: 'x'.repeat(characters) }];
  const fields = { revision, time: 0, author: null, origin: 'n', changes, idempotencyKey: `(admin)/key-${revision}` };
  return decodeCommit(new Commit(fields).encoded());
}

async function* nothing(): AsyncGenerator<never> {}

/** A journal of `head` commits that are made while they are read; `before` is called before each of its batches. */
function longJournal(head: number, characters: number, before: () => void): Journal {
  async function* commits(after: number): AsyncGenerator<readonly Commit[]> {
    for (let next = after + 1; next <= head; next += BATCH) {
      before();
      const length = Math.min(BATCH, head + 1 - next);
      yield Array.from({ length }, (_, index) => storedCommit(next + index, characters));
    }
  }
  return Object.assign(createMemoryJournal(), { head: async () => head, first: async () => 1, commits });
}

it('reads the commits before the start without holding more of them than the history may', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const inUse = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const head = 4_000;
  let batches = 0;
  let most = 0;
  const atFirst = inUse();
  const journal = longJournal(head, 10_000, () => {
    batches += 1;
    if (batches % 10 === 0) most = Math.max(most, inUse() - atFirst);
  });
  const replica = createMemoryReplica();
  await replica.restore(journal.epoch, head, nothing());
  const database = await openDatabase({ journal, replica });
  expect(await database.write(madeBefore(1))).toMatchObject({ revision: 1 });
  expect(await database.write(madeBefore(head))).toMatchObject({ revision: head });
  expect(most).toBeLessThan(8 * MEGABYTE);
  const { heard } = listen(database, '/k', { resume: `${journal.epoch}:${head - 300}` });
  await settle();
  expect(heard.events.map(({ revision }) => revision)).toEqual(
    Array.from({ length: 300 }, (_, index) => head - 299 + index),
  );
  expect(batches).toBe(head / BATCH);
});

/** Has another node drop what comes before `first` once so many batches have been read of the journal. */
function trimWhileRead(journal: Journal, batches: number, first: number): void {
  const read = journal.commits.bind(journal);
  let left = batches;
  async function* commits(after: number): AsyncGenerator<readonly Commit[]> {
    if (left === 0) await journal.trim(first - 1);
    for await (const batch of read(after)) {
      yield batch;
      left -= 1;
      if (left === 0) await journal.trim(first - 1);
    }
  }
  Object.assign(journal, { commits });
}

it.each([0, 1])('goes on with what is left if the journal is trimmed after %i groups were read', async (batches) => {
  const journal = createMemoryJournal();
  const replica = createMemoryReplica();
  const before = await openDatabase({ journal, replica, trimsJournal: false });
  for (let revision = 1; revision <= 700; revision += 1) await before.write(madeBefore(revision));
  await before.close();
  trimWhileRead(journal, batches, 600);
  const after = await openDatabase({ journal, replica, trimsJournal: false, sleep: settle });
  for (const revision of [600, 700]) expect(await after.write(madeBefore(revision))).toMatchObject({ revision });
  expect(await journal.first()).toBe(600);
  await journal.trim(700);
  const { heard } = listen(after, '/k', { resume: `${journal.epoch}:650` });
  await settle();
  expect(heard.events.map(({ revision }) => revision)).toEqual(Array.from({ length: 50 }, (_, index) => 651 + index));
});
