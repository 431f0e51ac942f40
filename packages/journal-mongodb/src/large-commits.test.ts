import type { Binary } from 'mongodb';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sharedService } from '../../../test/services/index.js';
import { openConnection } from './connection.js';
import { MAX_PART_BYTES } from './documents.js';
import { Payloads } from './payloads.js';
import { commitAt, commitOf, readAll } from './test-commits.js';
import { projected, TestPlace } from './test-place.js';

vi.setConfig({ testTimeout: 120_000 });

const server = await sharedService('mongodb');
afterAll(() => server?.stop());

const LARGE = largeChanges(9);
/** As large as a write may be. */
const LARGEST = largeChanges(16);

describe.skipIf(server === null)('a commit that no document of MongoDB can hold', () => {
  let place: TestPlace;
  beforeEach(() => {
    place = new TestPlace(server!.url);
  });
  afterEach(() => place.remove());

  it('is split, and seen by others entirely or not at all', async () => {
    const [writer, reader] = [await place.open(), await place.open()];
    const append = writer.append(0, [commitOf(1, LARGEST)]);
    const built = writer.append(1, [commitAt(2)]);
    const seen: number[] = [];
    while (!seen.some((changes) => changes > 0)) {
      seen.push((await readAll(reader)).reduce((sum, { changes }) => sum + changes.length, 0));
    }
    expect(seen.at(-1)).toBeGreaterThanOrEqual(LARGEST.length);
    expect((await append.durable).status).toBe('appended');
    expect((await built.durable).status).toBe('appended');
    const [large, small] = await readAll(await place.open());
    expect(large?.changes.map(({ value }) => String(value).length)).toEqual(LARGEST.map(({ value }) => value.length));
    expect(small?.revision).toBe(2);
    expect(await place.db.collection('parts').countDocuments()).toBe(3);
  });

  it('leaves nothing that anybody sees if its writer dies between the parts and the document that names them', async () => {
    const connection = await openConnection({ url: place.url, mongoDatabase: place.mongoDatabase });
    const payloads = new Payloads(connection.db);
    const bytes = Buffer.alloc(MAX_PART_BYTES + 1);
    await payloads.store('died', bytes, { owner: 'main', first: 1 });
    await connection.close();
    const journal = await place.open();
    expect(await journal.head()).toBe(0);
    expect(await readAll(journal)).toEqual([]);
    for (const revision of [1, 2, 3]) await journal.append(revision - 1, [commitAt(revision)]).durable;
    place.project(journal);
    await projected(place, 3);
    expect(await place.db.collection('parts').countDocuments()).toBe(2);
    await journal.trim(2);
    expect(await place.db.collection('parts').countDocuments()).toBe(0);
  });

  it('is projected, and its parts go when it is trimmed', async () => {
    const journal = await place.open();
    await journal.append(0, [commitOf(1, LARGE)]).durable;
    await journal.append(1, [commitAt(2)]).durable;
    place.project(journal);
    await projected(place, 2);
    const leaf = await place.db.collection('nodes').findOne({ path: '/large/1' });
    expect(leaf?.value === LARGE[1]!.value).toBe(true);
    await journal.trim(2);
    expect(await journal.first()).toBe(2);
    expect(await place.db.collection('parts').countDocuments()).toBe(0);
  });

  it('is damaged if a part is lost', async () => {
    const journal = await place.open();
    await journal.append(0, [commitOf(1, LARGE)]).durable;
    const part = await place.db.collection<{ _id: string; bytes: Binary }>('parts').findOne();
    await place.db.collection<{ _id: string }>('parts').deleteOne({ _id: part!._id });
    const reader = await place.open();
    await expect(readAll(reader)).rejects.toMatchObject({ code: 'internal' });
  });
});

/** Two leaves of so many megabytes together. */
function largeChanges(megabytes: number): { path: string[]; value: string }[] {
  return [0, 1].map((index) => ({ path: ['large', `${index}`], value: 'é'.repeat(megabytes * 256 * 1024) }));
}
