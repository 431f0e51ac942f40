import type { Journal } from '@backside/store';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sharedService } from '../../../test/services/index.js';
import { revisionId } from './documents.js';
import { commitAt, readAll, summary } from './test-commits.js';
import { projected, TestPlace } from './test-place.js';

const server = await sharedService('mongodb');
afterAll(() => server?.stop());

describe.skipIf(server === null)('what MongoDB keeps of a journal', () => {
  let place: TestPlace;
  let now = 0;
  beforeEach(() => {
    place = new TestPlace(server!.url);
    now = 1_000_000;
  });
  afterEach(() => place.remove());

  it('is everything, as long as nobody has projected it', async () => {
    const journal = await place.open();
    await fill(journal, 10);
    await journal.trim(10);
    expect(await journal.first()).toBe(1);
  });

  it('is what is younger than its retention says, as far as that fits into its bytes', async () => {
    const journal = await place.open({ now: () => now, retention: { ageMs: 5_500 } });
    await fill(journal, 10);
    await projectAll(journal, 10);
    await journal.trim(10);
    expect(await journal.first()).toBe(5);
    const bytes = (await readAll(journal, 8)).reduce((sum, commit) => sum + commit.encoded().length, 0);
    const small = await place.open({ now: () => now, retention: { ageMs: 1e9, bytes } });
    await small.trim(7);
    expect(await small.first()).toBe(8);
    await small.trim(10);
    expect(await small.first()).toBe(9);
    expect((await readAll(small, 8)).map(({ revision }) => revision)).toEqual([9, 10]);
  });

  it('is at least what a trimmer has known for less than the grace', async () => {
    let elapsed = 0;
    const options = { elapsed: () => elapsed, graceMs: 60_000 };
    const journal = await place.open(options);
    await fill(journal, 5);
    await projectAll(journal, 5);
    await journal.trim(5);
    await fill(journal, 10);
    elapsed = 59_000;
    await journal.trim(5);
    expect(await journal.first()).toBe(1);
    elapsed = 61_000;
    await projectAll(journal, 10);
    await journal.trim(10);
    expect(await journal.first()).toBe(6);
  });

  it('is not written behind by a node that was frozen meanwhile', async () => {
    let frozenFor = 0;
    const frozen = await place.open({ graceMs: 60_000, elapsed: () => performance.now() + frozenFor });
    const other = await place.open();
    await fill(other, 10);
    await projectAll(other, 10);
    await other.trim(10);
    expect(await other.first()).toBe(10);
    frozenFor = 3_600_000;
    const late = frozen.append(0, [commitAt(1, 'into the void')]);
    expect(await late.durable).toMatchObject({ status: 'revision-conflict', head: 10 });
    expect(await place.db.collection('journal').countDocuments()).toBe(1);
    expect(await frozen.append(10, [commitAt(11)]).durable).toEqual({ status: 'appended', head: 11 });
    expect(await summary(other, 9)).toEqual(await summary(frozen, 9));
  });

  it('is not read where something has landed that was sent long ago', async () => {
    const journal = await place.open();
    const behind = await place.open();
    await fill(journal, 10);
    const stored = place.db.collection<{ _id: string }>('journal');
    const zombie = await stored.findOne({ _id: revisionId('main', 3) });
    await projectAll(journal, 10);
    await journal.trim(10);
    await stored.insertOne(zombie!);
    for (const reader of [journal, behind, await place.open()]) {
      await expect(readAll(reader, 2)).rejects.toMatchObject({ code: 'not-found' });
      expect(await reader.head()).toBe(10);
    }
  });

  /** One append a second, up to `head`. */
  async function fill(journal: Journal, head: number): Promise<void> {
    for (let base = await journal.head(); base < head; base++) {
      now += 1_000;
      await journal.append(base, [commitAt(base + 1)]).durable;
    }
  }

  async function projectAll(journal: Journal, head: number): Promise<void> {
    const projector = place.project(journal);
    await projected(place, head);
    await projector.close();
  }
});
