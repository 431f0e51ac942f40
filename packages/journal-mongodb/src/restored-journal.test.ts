import { SILENT_LOGGER } from '@backside/protocol';
import type { Journal } from '@backside/store';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sharedService } from '../../../test/services/index.js';
import { revisionId } from './documents.js';
import { commitAt, readAll, summary } from './test-commits.js';
import { projected, TestPlace, until } from './test-place.js';
import { startRelay } from './test-relay.js';

vi.setConfig({ testTimeout: 60_000 });
const server = await sharedService('mongodb');
afterAll(() => server?.stop());

describe.skipIf(server === null)('a node whose journal in MongoDB becomes another one', () => {
  let place: TestPlace;
  let elapsed = 0;
  let journal: Journal;
  beforeEach(async () => {
    place = new TestPlace(server!.url);
    elapsed = 0;
    journal = await place.open({ elapsed: () => elapsed, graceMs: 60_000 });
    await fill(journal, 10);
  });
  afterEach(() => place.remove());

  it('appends nothing behind what is left of it once a backup was restored', async () => {
    await restoreTo(5);
    elapsed += 3_000;
    await expect(journal.append(10, [commitAt(11)]).durable).rejects.toMatchObject({ code: 'internal' });
    await expect(journal.head()).rejects.toMatchObject({ code: 'internal' });
    expect(await place.db.collection('journal').countDocuments()).toBe(5);
    expect((await readAll(await place.open())).length).toBe(5);
  });

  it('notices a restore also after an append that came before it noticed', async () => {
    elapsed += 3_000;
    await journal.head();
    await restoreTo(5);
    expect(await journal.append(10, [commitAt(11)]).durable).toEqual({ status: 'appended', head: 11 });
    elapsed += 3_000;
    await expect(journal.head()).rejects.toMatchObject({ code: 'internal' });
  });

  it('notices that others have gone on from a restored state meanwhile', async () => {
    await restoreTo(5);
    await fill(await place.open({ nodeId: 'other' }), 10);
    elapsed += 3_000;
    await expect(journal.append(10, [commitAt(11)]).durable).rejects.toMatchObject({ code: 'internal' });
    expect((await readAll(await place.open())).length).toBe(10);
  });

  it('looks before it repeats an insert that failed, however short a time it took', async () => {
    const relay = await startRelay(Number(new URL(server!.url).port));
    const cutOff = await place.open({ url: relay.url, elapsed: () => 0, graceMs: 60_000, requestTimeoutMs: 500 });
    relay.deaf = true;
    const append = cutOff.append(10, [commitAt(11)]).durable;
    append.catch(() => undefined); // looked at below
    await until(async () => (await place.db.collection('journal').countDocuments()) === 11);
    await restoreTo(5);
    relay.deaf = false;
    relay.cut();
    await expect(append).rejects.toMatchObject({ code: 'internal' });
    expect(await place.db.collection('journal').countDocuments()).toBe(5);
    await relay.stop();
  });

  it('takes part in no history that was begun in the place of its own', async () => {
    await place.db.dropDatabase();
    const anew = await place.open({ nodeId: 'other' });
    await fill(anew, 10);
    elapsed += 3_000;
    await expect(journal.append(10, [commitAt(11)]).durable).rejects.toMatchObject({ code: 'internal' });
    await expect(journal.append(3, [commitAt(4)]).durable).rejects.toMatchObject({ code: 'unavailable' });
    await expect(journal.head()).rejects.toMatchObject({ code: 'internal', message: expect.stringContaining('anew') });
    await expect(readAll(journal)).rejects.toMatchObject({ code: 'internal' });
    await expect(journal.trim(10)).rejects.toMatchObject({ code: 'internal' });
    expect(await summary(anew)).toEqual(Array.from({ length: 10 }, (_, index) => `${index + 1} node-1 ${index + 1}`));
  });

  it('spoils nothing of a new history by what it stores before it notices', async () => {
    await place.db.dropDatabase();
    const anew = await place.open({ nodeId: 'other' });
    await fill(anew, 4);
    expect((await journal.append(10, [commitAt(11, 'old')]).durable).status).toBe('appended');
    for (const reader of [anew, await place.open()]) {
      expect(await reader.head()).toBe(4);
      expect((await readAll(reader)).length).toBe(4);
    }
    await fill(anew, 10);
    await expect(anew.append(10, [commitAt(11)]).durable).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(revisionId('main', 11)),
    });
    await anew.trim(0);
    await until(async () => (await appended(anew, 11)) === 11);
    expect(await summary(anew, 10)).toEqual(['11 node-1 11']);
  });

  it('projects nothing into a new history, also before it notices', async () => {
    const given = vi.fn();
    await place.db.dropDatabase();
    const anew = await place.open({ nodeId: 'other' });
    place.project(journal, { logger: { ...SILENT_LOGGER, warn: given } });
    await until(() => given.mock.calls.length > 2);
    for (const [fields] of given.mock.calls) expect(fields).toMatchObject({ err: { code: 'internal' } });
    expect(await place.db.collection('batches').countDocuments()).toBe(0);
    expect(await place.db.collection('nodes').countDocuments()).toBe(0);
    expect(await anew.checkpoint!()).toBeNull();
  });

  it('begins no history over what is left of one', async () => {
    await place.db.collection('histories').deleteMany({});
    await expect(place.open()).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('its journal'),
    });
    await expect(journal.first()).rejects.toMatchObject({ code: 'internal' });
    await place.db.collection('journal').deleteMany({});
    await place.db.collection<{ _id: string }>('progress').insertOne({ _id: 'main' });
    await expect(place.open()).rejects.toMatchObject({ code: 'internal' });
    await place.db.collection('progress').deleteMany({});
    expect(await (await place.open()).head()).toBe(0);
  });

  /** Removes what a backup made at that revision would not have. */
  async function restoreTo(revision: number): Promise<void> {
    await place.db.collection<{ _id: string }>('journal').deleteMany({ _id: { $gt: revisionId('main', revision) } });
  }
});

describe.skipIf(server === null)('a node whose journal in MongoDB stays what it is', () => {
  let place: TestPlace;
  let elapsed = 0;
  beforeEach(() => {
    place = new TestPlace(server!.url);
    elapsed = 0;
  });
  afterEach(() => place.remove());

  it('goes on when others append', async () => {
    const [journal, other] = [await place.open({ elapsed: () => elapsed }), await place.open()];
    for (let head = 2; head <= 10; head += 2) {
      await fill(other, head - 1);
      elapsed += 3_000;
      await fill(journal, head);
    }
    expect(await other.head()).toBe(10);
  });

  it('goes on when what it knew is trimmed', async () => {
    const journal = await place.open({ elapsed: () => elapsed });
    await fill(journal, 3);
    const other = await place.open();
    await fill(other, 10);
    const projector = place.project(other);
    await projected(place, 10);
    await projector.close();
    await other.trim(10);
    expect(await other.first()).toBe(10);
    elapsed += 3_000;
    expect(await journal.append(3, [commitAt(4)]).durable).toMatchObject({ status: 'revision-conflict', head: 10 });
    elapsed += 3_000;
    expect(await journal.append(10, [commitAt(11)]).durable).toEqual({ status: 'appended', head: 11 });
  });

  it('goes on when the server was away for a while, and when the answer to an append was lost', async () => {
    const relay = await startRelay(Number(new URL(server!.url).port));
    const options = { elapsed: () => elapsed, requestTimeoutMs: 300, patienceMs: 0 };
    const journal = await place.open({ ...options, url: relay.url });
    await fill(journal, 3);
    relay.deaf = true;
    await expect(journal.append(3, [commitAt(4)]).durable).rejects.toMatchObject({ code: 'unavailable' });
    elapsed += 60_000;
    await expect(journal.head()).rejects.toMatchObject({ code: 'unavailable' });
    relay.deaf = false;
    relay.cut();
    await until(async () => (await appended(journal, 5)) === 5);
    expect((await readAll(journal)).length).toBe(5);
    await relay.stop();
  });

  it('goes on with what an earlier version stored, which did not say of which history it is', async () => {
    const journal = await place.open({ elapsed: () => elapsed });
    await fill(journal, 3);
    await place.db.collection('journal').updateMany({}, { $unset: { epoch: 1 } });
    elapsed += 3_000;
    await fill(journal, 4);
    const other = await place.open();
    await fill(other, 5);
    for (const reader of [journal, other]) {
      expect((await readAll(reader)).length).toBe(5);
      expect((await readAll(reader, 2)).length).toBe(3);
    }
    place.project(other);
    await projected(place, 5);
    await other.trim(5);
    expect(await other.first()).toBe(5);
    expect(await place.db.collection('journal').countDocuments()).toBe(1);
  });
});

/** One append for each revision up to `head`. */
async function fill(journal: Journal, head: number): Promise<void> {
  for (let base = await journal.head(); base < head; base++) {
    expect((await journal.append(base, [commitAt(base + 1)]).durable).status).toBe('appended');
  }
}

/** The head after an append of that revision; 0 if the journal takes none now. */
async function appended(journal: Journal, revision: number): Promise<number> {
  const outcome = await journal.append(revision - 1, [commitAt(revision)]).durable.catch(() => null);
  return outcome?.head ?? 0;
}
