import { BacksideError } from '@backside/protocol';
import { describe, expect, it } from 'vitest';
import { journalConformance } from './conformance.js';
import type { AppendOutcome, Journal } from './journal.js';
import { commitAt, commitsAt, range, revisions } from './journal-samples.js';
import { createMemoryJournal } from './memory-journal.js';
import { type AppendStore, type MergedAppend, SharedAppendQueue } from './shared-append-queue.js';

/** A store on a memory journal whose answers can be held back, and which can fail. */
class HeldStore implements AppendStore {
  readonly journal: Journal = createMemoryJournal();
  readonly asked: MergedAppend[] = [];
  failure: Error | null = null;
  #gate: Promise<void> = Promise.resolve();
  #open = (): void => undefined;

  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  release(): void {
    this.#open();
  }

  async store(append: MergedAppend): Promise<AppendOutcome> {
    this.asked.push(append);
    if (this.failure !== null) throw this.failure;
    const outcome = await this.journal.append(append.base, append.commits).durable;
    await this.#gate;
    return outcome;
  }
}

/** One node's way to a memory journal that others use as well. */
function nodeOn(journal: Journal): Journal {
  const queue = new SharedAppendQueue({ store: ({ base, commits }) => journal.append(base, commits).durable });
  return {
    supports: { durability: 'none', sharedBetweenNodes: true },
    epoch: journal.epoch,
    head: () => journal.head(),
    first: () => journal.first(),
    append: (base, commits) => queue.append(base, commits),
    commits: (after) => journal.commits(after),
    trim: (revision) => journal.trim(revision),
    close: () => queue.close(),
  };
}

journalConformance('a queue of appends to a journal in memory', async () => {
  const journal = createMemoryJournal();
  const first = nodeOn(journal);
  return { journal: first, second: async () => nodeOn(journal), dispose: () => first.close() };
});

describe('a queue of appends', () => {
  it('stores what is appended in one turn together, and so what comes while it does', async () => {
    const store = new HeldStore();
    const queue = new SharedAppendQueue(store);
    store.hold();
    const first = range(0, 9).map((base) => queue.append(base, [commitAt(base + 1)]).durable);
    await until(() => store.asked.length === 1);
    const second = range(10, 29).map((base) => queue.append(base, [commitAt(base + 1)]).durable);
    store.release();
    const outcomes = await Promise.all([...first, ...second]);
    expect(outcomes.map(({ head }) => head)).toEqual(range(1, 30));
    expect(store.asked.map(({ base, commits }) => [base, commits.length])).toEqual([
      [0, 10],
      [10, 20],
    ]);
    expect(new Set(store.asked.map(({ appendId }) => appendId)).size).toBe(2);
  });

  it('stores no more together than eight megabytes, and a larger append alone', async () => {
    const store = new HeldStore();
    const queue = new SharedAppendQueue(store);
    const sizes = [3, 3, 3, 9, 1].map((megabytes) => 'x'.repeat(megabytes * 1024 * 1024));
    await Promise.all(sizes.map((value, base) => queue.append(base, [commitAt(base + 1, value)]).durable));
    expect(store.asked.map(({ commits }) => commits.length)).toEqual([2, 1, 1, 1]);
  });

  it('tells each of those that a conflict refuses what came after its own base', async () => {
    const store: AppendStore = {
      store: async () => ({ status: 'revision-conflict', head: 3, missing: commitsAt(1, 3) }),
    };
    const queue = new SharedAppendQueue(store);
    const appends = range(0, 4).map((base) => queue.append(base, [commitAt(base + 1)]).durable);
    const missing = (await Promise.all(appends)).map((outcome) =>
      outcome.status === 'appended' ? null : outcome.missing?.map(({ revision }) => revision),
    );
    expect(missing).toEqual([[1, 2, 3], [2, 3], [3], undefined, undefined]);
  });

  it('rejects with a failed append all that was built on it, and nothing later', async () => {
    const store = new HeldStore();
    const queue = new SharedAppendQueue(store);
    store.failure = new Error('the line is cut');
    const failed = await Promise.allSettled([0, 1].map((base) => queue.append(base, [commitAt(base + 1)]).durable));
    for (const each of failed) expect(each).toMatchObject({ reason: { code: 'unavailable', cause: store.failure } });
    store.failure = new BacksideError('internal', 'of a newer version');
    await expect(queue.append(0, [commitAt(1)]).durable).rejects.toBe(store.failure);
    store.failure = null;
    expect(await queue.append(0, [commitAt(1)]).durable).toEqual({ status: 'appended', head: 1 });
  });

  it('takes nothing after a failure until its store has recovered', async () => {
    const store = new HeldStore();
    let recovered = (): void => undefined;
    const recover = (): Promise<void> =>
      new Promise((resolve) => {
        recovered = resolve;
      });
    const queue = new SharedAppendQueue({ store: (append) => store.store(append), recover });
    store.failure = new Error('the line is cut');
    await expect(queue.append(0, [commitAt(1)]).durable).rejects.toMatchObject({ code: 'unavailable' });
    store.failure = null;
    await expect(queue.append(0, [commitAt(1)]).durable).rejects.toMatchObject({ code: 'unavailable' });
    expect(store.asked).toHaveLength(1);
    recovered();
    await null;
    expect(await queue.append(0, [commitAt(1)]).durable).toEqual({ status: 'appended', head: 1 });
  });

  it('answers a question for the head without what was appended after it', async () => {
    const store = new HeldStore();
    const queue = new SharedAppendQueue(store);
    await queue.append(0, commitsAt(1, 2)).durable;
    const late = lateHead(store.journal);
    const head = queue.headBefore(late.ask);
    await queue.append(2, [commitAt(3)]).durable;
    await queue.append(3, [commitAt(4)]).durable;
    late.answer();
    expect(await head).toBe(2);
    expect(await queue.headBefore(() => store.journal.head())).toBe(4);
  });

  it('waits with that answer for an append that may be part of it, although nobody has been told so', async () => {
    const store = new HeldStore();
    const queue = new SharedAppendQueue(store);
    const late = lateHead(store.journal);
    const head = queue.headBefore(late.ask);
    store.hold();
    const append = queue.append(0, [commitAt(1)]).durable;
    await until(() => store.asked.length === 1);
    expect(await store.journal.head()).toBe(1);
    late.answer();
    store.release();
    expect([await head, (await append).status]).toEqual([0, 'appended']);
  });

  it('ends what is under way before it is closed, and takes nothing then', async () => {
    const store = new HeldStore();
    const queue = new SharedAppendQueue(store);
    const append = queue.append(0, [commitAt(1)]);
    await queue.close();
    expect((await append.durable).status).toBe('appended');
    expect(await revisions(store.journal, 0)).toEqual([1]);
    await expect(queue.append(1, [commitAt(2)]).durable).rejects.toMatchObject({ code: 'unavailable' });
  });
});

/** A question for the head that is answered when it is told to. */
function lateHead(journal: Journal): { ask: () => Promise<number>; answer: () => void } {
  let answer = (): void => undefined;
  const told = new Promise<void>((resolve) => {
    answer = resolve;
  });
  return { ask: () => told.then(() => journal.head()), answer };
}

async function until(holds: () => boolean): Promise<void> {
  await expect.poll(holds, { interval: 1, timeout: 10_000 }).toBe(true);
}
