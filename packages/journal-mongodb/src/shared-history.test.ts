import type { Journal } from '@backside/store';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sharedService } from '../../../test/services/index.js';
import { FORMAT, revisionId } from './documents.js';
import { commitAt, readAll, summary } from './test-commits.js';
import { TestPlace, until } from './test-place.js';

const server = await sharedService('mongodb');
afterAll(() => server?.stop());

describe.skipIf(server === null)('a history that nodes share in MongoDB', () => {
  let place: TestPlace;
  beforeEach(() => {
    place = new TestPlace(server!.url);
  });
  afterEach(() => place.remove());

  it('is the same for all, however bursts of appends fall together, and has what each was told', async () => {
    const origins = ['one', 'two', 'three'];
    const journals = await Promise.all(origins.map((nodeId) => place.open({ nodeId })));
    const told = await Promise.all(journals.map((journal, index) => writeBursts(journal, origins[index]!, 20)));
    const histories = await Promise.all(journals.map((journal) => summary(journal)));
    expect(histories[1]).toEqual(histories[0]);
    expect(histories[2]).toEqual(histories[0]);
    expect(histories[0]).toEqual(told.flat().sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)));
  });

  it('begins once, whoever opens it first', async () => {
    const journals = await Promise.all(Array.from({ length: 5 }, () => place.open()));
    expect(new Set(journals.map(({ epoch }) => epoch)).size).toBe(1);
  });

  it('refuses a base in the midst of what was appended together, also to who has not seen that', async () => {
    const early = await place.open();
    const writer = await place.open();
    await writer.append(
      0,
      Array.from({ length: 10 }, (_, index) => commitAt(index + 1)),
    ).durable;
    for (const journal of [early, await place.open(), writer]) {
      const outcome = await journal.append(5, [commitAt(6, 'into the midst')]).durable;
      expect(outcome).toMatchObject({ status: 'revision-conflict', head: 10 });
    }
    expect(await place.db.collection('journal').countDocuments()).toBe(1);
  });

  it('takes a short cut to the end of what others told of, and believes them nothing else', async () => {
    const [behind, misled, writer] = [await place.open(), await place.open(), await place.open()];
    for (let base = 0; base < 90; base += 3) {
      await writer.append(base, [commitAt(base + 1), commitAt(base + 2), commitAt(base + 3)]).durable;
    }
    misled.told!([commitAt(81), commitAt(82)]);
    misled.told!([commitAt(85)]);
    for (const base of [82, 86]) {
      const outcome = await misled.append(base, [commitAt(base + 1, 'into the midst')]).durable;
      expect(outcome).toMatchObject({ status: 'revision-conflict', head: 90 });
    }
    behind.told!([commitAt(88), commitAt(89), commitAt(90)]);
    expect(await behind.append(90, [commitAt(91)]).durable).toEqual({ status: 'appended', head: 91 });
    expect((await readAll(behind)).map(({ revision }) => revision)).toEqual(
      Array.from({ length: 91 }, (_, index) => index + 1),
    );
  });

  it('stores everything that waits as one document', async () => {
    const journal = await place.open();
    const appends = Array.from({ length: 100 }, (_, base) => journal.append(base, [commitAt(base + 1)]).durable);
    await Promise.all(appends);
    expect(await place.db.collection('journal').countDocuments()).toBeLessThanOrEqual(2);
    expect((await readAll(await place.open())).length).toBe(100);
  });

  it('can be read from anywhere, a little behind and a lot', async () => {
    const writer = await place.open();
    for (let base = 0; base < 120; base += 3) {
      await writer.append(base, [commitAt(base + 1), commitAt(base + 2), commitAt(base + 3)]).durable;
    }
    const reader = await place.open();
    for (const after of [0, 1, 50, 96, 97, 98, 99, 118, 119]) {
      const revisions = (await readAll(reader, after)).map(({ revision }) => revision);
      expect(revisions).toEqual(Array.from({ length: 120 - after }, (_, index) => after + 1 + index));
    }
  });

  it('tells who listens when another node has appended, and nothing once that is over', async () => {
    const [listener, writer] = [await place.open(), await place.open()];
    const heads: number[] = [];
    const stop = listener.onHead!((head) => heads.push(head));
    await writer.append(0, [commitAt(1)]).durable;
    await until(() => heads.at(-1) === 1);
    await writer.append(1, [commitAt(2)]).durable;
    await until(() => heads.at(-1) === 2);
    stop();
    await writer.append(2, [commitAt(3)]).durable;
    await listener.head();
    expect(heads).toEqual([1, 2]);
  });

  it('is refused, naming the version to use, when a newer version has written it', async () => {
    const journal = await place.open();
    await journal.append(0, [commitAt(1)]).durable;
    const newer = { v: FORMAT + 1, minReader: '7.8.9' };
    const _id = revisionId('main', 2);
    await place.db.collection<{ _id: string }>('journal').insertOne({ _id, ...newer });
    await expect(journal.head()).rejects.toMatchObject({ code: 'internal', message: expect.stringContaining('7.8.9') });
    await place.db.collection('histories').updateOne({}, { $set: newer });
    await expect(place.open()).rejects.toMatchObject({ code: 'internal', message: expect.stringContaining('7.8.9') });
  });

  it('says that it is damaged when something in its midst is gone', async () => {
    const writer = await place.open();
    for (let base = 0; base < 30; base++) await writer.append(base, [commitAt(base + 1)]).durable;
    await place.db.collection<{ _id: string }>('journal').deleteOne({ _id: revisionId('main', 20) });
    const reader = await place.open();
    for (const after of [0, 17, 19]) await expect(readAll(reader, after)).rejects.toMatchObject({ code: 'internal' });
    expect((await readAll(reader, 20)).length).toBe(10);
  });
});

/** Appends bursts built on each other; what the journal said it took. */
async function writeBursts(journal: Journal, origin: string, bursts: number): Promise<string[]> {
  const told: string[] = [];
  for (let burst = 0; burst < bursts; burst++) {
    const base = await journal.head();
    const commits = Array.from({ length: 1 + (burst % 4) }, (_, index) => commitAt(base + 1 + index, burst, origin));
    const outcomes = commits.map((commit) => journal.append(commit.revision - 1, [commit]).durable);
    for (const [index, outcome] of outcomes.entries()) {
      if ((await outcome).status === 'appended') told.push(`${commits[index]!.revision} ${origin} ${burst}`);
    }
  }
  return told;
}
