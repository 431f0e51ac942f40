import { Commit } from '@backside/protocol';
import { expect, it, type TestContext } from 'vitest';
import type { Append, AppendOutcome, Journal } from './journal.js';
import type { JournalFixture } from './journal-fixture.js';
import { BASE, commitAt, commitsAt, fieldsOf, range, readAll, revisions } from './journal-samples.js';

/** What several writers of one history may rely on. */
export function journalSharing(current: () => JournalFixture): void {
  it('lets only one of several writers have a revision', async (context) => {
    const { journal, second } = current();
    if (skipWithout(context, second)) return;
    const other = await second!();
    expect(other.epoch).toBe(journal.epoch);
    for (let base = 0; base < 20; base++) {
      const appends = [
        [journal, journal.append(base, [commitAt(base + 1, 'first')])],
        [other, other.append(base, [commitAt(base + 1, 'second')])],
      ] as const;
      const outcomes = await Promise.all(appends.map(([writer, append]) => outcomeAndTail(writer, append, base)));
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['appended', 'revision-conflict']);
      for (const { head, tail } of outcomes) expect([head, tail]).toEqual([base + 1, [base + 1]]);
    }
    expect((await readAll(journal, 0)).map(fieldsOf)).toEqual((await readAll(other, 0)).map(fieldsOf));
    await other.close();
    expect(await journal.append(20, [commitAt(21)]).durable).toEqual({ status: 'appended', head: 21 });
  });

  it('tells the truth about what came first, if it tells it with the conflict', async (context) => {
    const { journal, second } = current();
    if (skipWithout(context, second)) return;
    const other = await second!();
    await other.append(0, commitsAt(1, 5)).durable;
    await other.append(5, commitsAt(6, 3, 'six')).durable;
    const stored = await readAll(other, 0);
    for (const base of [0, 2, 5, 7]) {
      const outcome = await journal.append(base, [commitAt(base + 1, 'late')]).durable;
      expect(outcome.status).toBe('revision-conflict');
      expect([5, 8]).toContain(outcome.head);
      expect(outcome.head).toBeGreaterThan(base);
      expectTruth(outcome, base, stored);
    }
    await other.close();
  });

  it('lets who was told of a conflict go on from there, in as many steps as others took', async (context) => {
    const { journal, second } = current();
    if (skipWithout(context, second)) return;
    const other = await second!();
    for (let base = 0; base < 4; base++) await other.append(base, [commitAt(base + 1)]).durable;
    const heads = [0];
    for (let tries = 0; tries < 5 && heads.at(-1)! < 5; tries++) {
      const base = heads.at(-1)!;
      heads.push((await journal.append(base, [commitAt(base + 1, 'mine')]).durable).head);
    }
    expect(heads).toEqual([...new Set(heads)].sort((a, b) => a - b));
    expect((await readAll(other, 4)).map(fieldsOf)).toEqual([fieldsOf(commitAt(5, 'mine'))]);
    await other.close();
  });

  it('gives every revision to one writer when several write at once, and loses nothing of what it took', async (context) => {
    const { journal, second } = current();
    if (skipWithout(context, second)) return;
    const writers = [journal, await second!()];
    const taken = await Promise.all(writers.map((writer, index) => writeMany(writer, `writer-${index}`, 15)));
    const all = await readAll(journal, 0);
    expect(all.map(({ revision }) => revision)).toEqual(range(1, 30));
    for (const [index, numbers] of taken.entries()) {
      const stored = all.filter(({ origin }) => origin === `writer-${index}`);
      expect(stored.map(({ revision }) => revision)).toEqual(numbers);
    }
    for (const writer of writers.slice(1)) await writer.close();
  });

  it('refuses all that was built on an append that another writer came before', async (context) => {
    const { journal, second } = current();
    if (skipWithout(context, second)) return;
    const other = await second!();
    await journal.append(0, commitsAt(1, 3)).durable;
    await other.append(3, [commitAt(4, 'first')]).durable;
    const appends = range(3, 9).map((base) => journal.append(base, [commitAt(base + 1, 'second')]));
    for (const [index, append] of appends.entries()) {
      const outcome = await append.durable;
      expect(outcome).toMatchObject({ status: 'revision-conflict', head: 4 });
      expectTruth(outcome, 3 + index, await readAll(journal, 3 + index));
    }
    expect(await journal.append(4, [commitAt(5)]).durable).toEqual({ status: 'appended', head: 5 });
    expect(await revisions(other, 0)).toEqual(range(1, 5));
    await other.close();
  });

  it('refuses a base of long ago also once what followed it is dropped', async (context) => {
    const { journal, second, project } = current();
    if (skipWithout(context, second)) return;
    const other = await second!();
    for (let base = 0; base < 200; base += 10) {
      await journal.append(base, commitsAt(base + 1, 10, 'x'.repeat(1000))).durable;
    }
    await project?.();
    await journal.trim(150);
    const first = await journal.first();
    for (const base of [0, 10, first - 1].filter((each) => each < 200)) {
      const outcome = await other.append(base, [commitAt(base + 1, 'late')]).durable;
      expect(outcome).toMatchObject({ status: 'revision-conflict', head: 200 });
    }
    expect(await other.first()).toBe(first);
    await expect(revisions(other, 0)).rejects.toMatchObject({ code: 'not-found' });
    expect(await other.append(200, [commitAt(201)]).durable).toEqual({ status: 'appended', head: 201 });
    await other.close();
  });
}

/** How an append ended, and what could be read as soon as that was known. */
async function outcomeAndTail(
  journal: Journal,
  append: Append,
  base: number,
): Promise<AppendOutcome & { tail: number[] }> {
  const accepted = await append.accepted;
  const outcome = accepted.status === 'appended' ? await append.durable : accepted;
  return { ...outcome, tail: await revisions(journal, base) };
}

function expectTruth(outcome: AppendOutcome, base: number, stored: Awaited<ReturnType<typeof readAll>>): void {
  if (outcome.status !== 'revision-conflict' || outcome.missing === undefined) return;
  const between = stored.filter(({ revision }) => revision > base && revision <= outcome.head);
  expect(outcome.missing.map(fieldsOf)).toEqual(between.map(fieldsOf));
}

/** Appends one commit after the other, each on what the journal says is its head; the revisions that they got. */
async function writeMany(journal: Journal, origin: string, count: number): Promise<number[]> {
  const taken: number[] = [];
  let base = 0;
  while (taken.length < count) {
    const commit = new Commit({ ...BASE, origin, revision: base + 1, changes: [{ path: ['n'], value: taken.length }] });
    const outcome = await journal.append(base, [commit]).durable;
    base = outcome.head;
    if (outcome.status === 'appended') taken.push(outcome.head);
  }
  return taken;
}

function skipWithout(context: TestContext, second: JournalFixture['second']): boolean {
  if (second === undefined) context.skip('it has one user at a time');
  return second === undefined;
}
