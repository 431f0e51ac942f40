import { BacksideError, Commit } from '@backside/protocol';
import { afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest';
import type { AppendOutcome } from './journal.js';
import { journalCheckpoint } from './journal-checkpoint.suite.js';
import type { JournalFixture } from './journal-fixture.js';
import {
  BASE,
  collect,
  commitAt,
  commitsAt,
  fieldsOf,
  range,
  readAll,
  revisions,
  richCommit,
} from './journal-samples.js';
import { journalSharing } from './journal-sharing.suite.js';

/** What every journal does. `create` is called once per test. */
export function journalConformance(name: string, create: () => Promise<JournalFixture>): void {
  describe(`${name} as a journal`, () => {
    let fixture: JournalFixture;
    beforeEach(async () => {
      fixture = await create();
    });
    afterEach(async () => {
      await fixture.dispose();
    });
    const current = (): JournalFixture => fixture;
    appending(current);
    pipelining(current);
    reading(current);
    trimming(current);
    journalCheckpoint(current);
    reopening(current);
    journalSharing(current);
    failing(current);
  });
}

type Current = () => JournalFixture;

function appending(current: Current): void {
  it('is empty at first', async () => {
    const { journal } = current();
    expect(await journal.head()).toBe(0);
    expect(await journal.first()).toBe(1);
    expect(await revisions(journal, 0)).toEqual([]);
    expect(journal.epoch).toMatch(/^[A-Za-z0-9-]{1,64}$/);
  });

  it('appends commits and gives them back as they were', async () => {
    const { journal } = current();
    const commits = [richCommit(1), commitAt(2), commitAt(3)];
    expect(await journal.append(0, commits).durable).toEqual({ status: 'appended', head: 3 });
    expect(await journal.head()).toBe(3);
    expect((await readAll(journal, 0)).map(fieldsOf)).toEqual(commits.map(fieldsOf));
  });

  it('refuses an append on another base, through both promises, and stores nothing of it', async () => {
    const { journal } = current();
    await journal.append(0, commitsAt(1, 2)).durable;
    for (const base of [0, 1, 3]) {
      const append = journal.append(base, commitsAt(base + 1, 3));
      expect(await append.accepted).toMatchObject({ status: 'revision-conflict', head: 2 });
      expect(await append.durable).toMatchObject({ status: 'revision-conflict', head: 2 });
    }
    expect(await revisions(journal, 0)).toEqual([1, 2]);
  });

  it('tells by an append of nothing whether the base is the head, after the appends before it', async () => {
    const { journal } = current();
    const first = journal.append(0, [commitAt(1)]);
    expect(await journal.append(1, []).durable).toEqual({ status: 'appended', head: 1 });
    expect(await first.durable).toEqual({ status: 'appended', head: 1 });
    expect(await journal.append(0, []).durable).toMatchObject({ status: 'revision-conflict', head: 1 });
    expect(await revisions(journal, 0)).toEqual([1]);
  });

  it('refuses commits whose revisions do not follow the base', async () => {
    const { journal } = current();
    await expect(journal.append(0, [commitAt(2)]).durable).rejects.toMatchObject({ code: 'internal' });
    await expect(journal.append(0, [commitAt(1), commitAt(3)]).accepted).rejects.toMatchObject({ code: 'internal' });
    expect(await journal.append(0, [commitAt(1)]).durable).toEqual({ status: 'appended', head: 1 });
  });

  it('accepts before it is durable, and then both agree', async () => {
    const { journal } = current();
    const settled: string[] = [];
    const append = journal.append(0, [commitAt(1)]);
    const accepted = append.accepted.then((outcome) => note(settled, 'accepted', outcome));
    const durable = append.durable.then((outcome) => note(settled, 'durable', outcome));
    expect(await accepted).toEqual(await durable);
    expect(settled).toEqual(['accepted', 'durable']);
  });

  it('keeps a commit of several megabytes', { timeout: 120_000 }, async () => {
    const { journal } = current();
    const big = commitAt(1, 'é'.repeat(3 * 1024 * 1024));
    await journal.append(0, [big, commitAt(2)]).durable;
    const [first, second] = await readAll(journal, 0);
    expect(first?.changes[0]?.value === big.changes[0]?.value).toBe(true);
    expect(second?.revision).toBe(2);
  });

  it('keeps keys that name parts of JavaScript objects', async () => {
    const { journal } = current();
    const changes = ['__proto__', 'constructor', 'hasOwnProperty', 'toString'].map((key) => ({
      path: ['of', key],
      value: key,
    }));
    await journal.append(0, [new Commit({ ...BASE, revision: 1, changes })]).durable;
    expect((await readAll(journal, 0))[0]?.changes).toEqual(changes);
  });
}

function pipelining(current: Current): void {
  it('takes appends one after the other without waiting, in the order of the calls', async () => {
    const { journal } = current();
    const appends = Array.from({ length: 100 }, (_, base) => journal.append(base, [commitAt(base + 1)]));
    const outcomes = await Promise.all(appends.map(({ durable }) => durable));
    expect(outcomes.map(({ head }) => head)).toEqual(Array.from({ length: 100 }, (_, base) => base + 1));
    expect(await revisions(journal, 0)).toEqual(range(1, 100));
  });

  it('resolves durability in the order of the calls', async () => {
    const { journal } = current();
    const order: number[] = [];
    const appends = range(0, 29).map((base) =>
      journal.append(base, [commitAt(base + 1)]).durable.then(() => order.push(base)),
    );
    await Promise.all(appends);
    expect(order).toEqual(range(0, 29));
  });

  it('refuses what was built on an append that met a conflict, even if its base has come true otherwise', async () => {
    const { journal } = current();
    await journal.append(0, [commitAt(1)]).durable;
    const first = journal.append(0, [commitAt(1, 'lost')]);
    const second = journal.append(1, [commitAt(2, 'built on it')]);
    expect(await first.durable).toMatchObject({ status: 'revision-conflict', head: 1 });
    expect(await second.durable).toMatchObject({ status: 'revision-conflict', head: 1 });
    expect(await journal.append(1, [commitAt(2)]).durable).toEqual({ status: 'appended', head: 2 });
  });
}

function reading(current: Current): void {
  it('gives the commits after a revision, and none after the head', async () => {
    const { journal } = current();
    await journal.append(0, commitsAt(1, 700)).durable;
    await journal.append(700, commitsAt(701, 700)).durable;
    for (const after of [0, 1, 350, 699, 700, 701, 1399]) {
      expect(await revisions(journal, after)).toEqual(range(after + 1, 1400));
    }
    expect(await revisions(journal, 1400)).toEqual([]);
    expect(await revisions(journal, 5000)).toEqual([]);
  });

  it('reads up to the head at the time of the call', async () => {
    const { journal } = current();
    await journal.append(0, commitsAt(1, 10)).durable;
    const commits = journal.commits(0);
    await journal.append(10, commitsAt(11, 10)).durable;
    expect((await collect(commits)).map(({ revision }) => revision)).toEqual(range(1, 10));
  });

  it('lets several readers go on while appends come in', async () => {
    const { journal } = current();
    await journal.append(0, commitsAt(1, 3000)).durable;
    const readers = [journal.commits(0), journal.commits(1000), journal.commits(2999)].map(collect);
    for (let base = 3000; base < 3050; base++) await journal.append(base, [commitAt(base + 1)]).durable;
    const read = await Promise.all(readers);
    expect(read.map((commits) => commits[0]?.revision)).toEqual([1, 1001, 3000]);
    for (const commits of read) expect(commits.at(-1)?.revision).toBe(3000);
    expect(await revisions(journal, 2990)).toEqual(range(2991, 3050));
  });

  it('lets a reader stop early', async () => {
    const { journal } = current();
    await journal.append(0, commitsAt(1, 2000)).durable;
    for await (const commits of journal.commits(0)) {
      expect(commits[0]?.revision).toBe(1);
      break;
    }
    expect(await revisions(journal, 1990)).toEqual(range(1991, 2000));
  });
}

function trimming(current: Current): void {
  it('drops commits up to the revision at most, and says so to who asks for them', async () => {
    const { journal } = current();
    const filler = 'x'.repeat(1000);
    for (let base = 0; base < 200; base += 10) await journal.append(base, commitsAt(base + 1, 10, filler)).durable;
    await current().project?.();
    await journal.trim(150);
    const first = await journal.first();
    expect(first).toBeGreaterThan(1);
    expect(first).toBeLessThanOrEqual(151);
    await expect(revisions(journal, first - 2)).rejects.toMatchObject({ code: 'not-found' });
    expect(await revisions(journal, first - 1)).toEqual(range(first, 200));
    expect(await journal.append(200, [commitAt(201)]).durable).toEqual({ status: 'appended', head: 201 });
  });

  it('keeps its head and its order when everything may go', async () => {
    const { journal } = current();
    await journal.append(0, commitsAt(1, 20)).durable;
    await current().project?.();
    await journal.trim(20);
    await journal.trim(3);
    expect(await journal.head()).toBe(20);
    expect(await journal.first()).toBeLessThanOrEqual(21);
    expect(await journal.append(19, [commitAt(20)]).durable).toMatchObject({ status: 'revision-conflict', head: 20 });
    expect(await journal.append(20, [commitAt(21)]).durable).toEqual({ status: 'appended', head: 21 });
    expect(await revisions(journal, 20)).toEqual([21]);
  });
}

function reopening(current: Current): void {
  it('is found again with its epoch, head and commits', async (context) => {
    const { journal, reopen } = current();
    if (skipUnless(context, journal.supports.durability !== 'none', 'nothing outlives the process')) return;
    await journal.append(0, commitsAt(1, 50)).durable;
    const again = await reopen!();
    expect(again.epoch).toBe(journal.epoch);
    expect(await again.head()).toBe(50);
    expect(await revisions(again, 0)).toEqual(range(1, 50));
    expect(await again.append(50, [commitAt(51)]).durable).toEqual({ status: 'appended', head: 51 });
  });

  it('stores what was appended before it was closed', async (context) => {
    const { journal, reopen } = current();
    if (skipUnless(context, journal.supports.durability !== 'none', 'nothing outlives the process')) return;
    const appends = range(0, 19).map((base) => journal.append(base, [commitAt(base + 1)]));
    const again = await reopen!();
    for (const append of appends) expect((await append.durable).status).toBe('appended');
    expect(await revisions(again, 0)).toEqual(range(1, 20));
  });

  it('takes no append once closed', async () => {
    const { journal } = current();
    await journal.close();
    await expect(journal.append(0, [commitAt(1)]).durable).rejects.toMatchObject({ code: 'unavailable' });
  });
}

function failing(current: Current): void {
  it('refuses everything after a write that failed, and loses nothing from before', async (context) => {
    const { journal, breakMedium, reopen } = current();
    if (skipUnless(context, breakMedium !== undefined, 'its writes cannot fail')) return;
    await journal.append(0, commitsAt(1, 5)).durable;
    await breakMedium!();
    const appends = range(5, 9).map((base) => journal.append(base, [commitAt(base + 1)]));
    for (const append of appends) await expect(append.durable).rejects.toMatchObject({ code: 'unavailable' });
    await expect(journal.append(5, [commitAt(6)]).accepted).rejects.toBeInstanceOf(BacksideError);
    if (reopen === undefined) return;
    expect((await revisions(await reopen(), 0)).slice(0, 5)).toEqual(range(1, 5));
  });
}

function note(settled: string[], what: string, outcome: AppendOutcome): AppendOutcome {
  settled.push(what);
  return outcome;
}

/** Skips the test, with the reason, unless the journal can do what it is about. */
function skipUnless(context: TestContext, supported: boolean, reason: string): boolean {
  if (!supported) context.skip(reason);
  return !supported;
}
