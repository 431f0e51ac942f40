import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { blobStoreConformance } from '@backside/media/conformance';
import { MongoClient, ObjectId } from 'mongodb';
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { sharedService } from '../../../test/services/index.js';
import { createGridFsBlobStore } from './gridfs-blob-store.js';

const server = await sharedService('mongodb');
afterAll(async () => {
  if (server === null) return;
  await withClient(server, (client) => client.db(mongoDatabase).dropDatabase());
  await server.stop();
});

const HOUR = 3_600_000;

interface Place {
  readonly url: string;
  readonly mongoDatabase: string;
  readonly bucket: string;
}

const mongoDatabase = `blobs-${randomUUID().slice(0, 13)}`;
let places = 0;

function newPlace(): Place {
  return { url: server!.url, mongoDatabase, bucket: `files-${++places}` };
}

async function withClient<T>({ url }: Pick<Place, 'url'>, use: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = await MongoClient.connect(url);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

describe.skipIf(server === null)('GridFS', () => {
  blobStoreConformance('GridFS', async () => {
    const place = newPlace();
    return { store: await createGridFsBlobStore(place), dispose: async () => {} };
  });

  it('takes the same blob from several at the same time, of which one file stays', async () => {
    const place = newPlace();
    const store = await createGridFsBlobStore(place);
    onTestFinished(() => store.close());
    for (let round = 0; round < 5; round += 1) {
      const put = () => store.put(`same-${round}`, Readable.from([Buffer.from('same')]), { contentType: 'text/plain' });
      await Promise.all(Array.from({ length: 6 }, put));
    }
    // A server that does not look and change in one step leaves files of which nobody knows.
    await store.sweep(-HOUR);
    for (let round = 0; round < 5; round += 1) {
      expect(await text((await store.get(`same-${round}`))!.body)).toBe('same');
    }
    await withClient(place, async (client) => {
      const files = client.db(place.mongoDatabase).collection(`${place.bucket}.files`);
      expect(await files.countDocuments()).toBe(5);
    });
  });

  it('is swept of what puts left that never came to an end, and of nothing else', async () => {
    const place = newPlace();
    const store = await createGridFsBlobStore(place);
    onTestFinished(() => store.close());
    await store.put('kept', Readable.from([Buffer.from('kept')]), { contentType: 'text/plain' });
    const left = [
      { begun: 2 * HOUR, chunks: [2 * HOUR] },
      { begun: 3 * HOUR, chunks: [3 * HOUR, 2 * HOUR] },
      { begun: 0, chunks: [0] },
      { begun: 3 * HOUR, chunks: [3 * HOUR, 0] }, // an upload that takes long
    ];
    await withClient(place, async (client) => {
      const chunks = client.db(place.mongoDatabase).collection(`${place.bucket}.chunks`);
      for (const { begun, chunks: written } of left) {
        const files_id = idOf(begun);
        for (const [n, ago] of written.entries()) {
          await chunks.insertOne({ _id: idOf(ago), files_id, n, data: Buffer.from('x') });
        }
      }
    });
    expect(await store.sweep(HOUR)).toBe(2);
    expect(await store.sweep(HOUR)).toBe(0);
    expect((await store.head('kept'))?.size).toBe(4);
    expect(await countChunks(place)).toBe(1 + 1 + 2);
  });

  it('names no blob of which the beginning was swept because it stood still', async () => {
    const place = newPlace();
    const [store, other] = [await createGridFsBlobStore(place), await createGridFsBlobStore(place)];
    onTestFinished(async () => void (await Promise.all([store.close(), other.close()])));
    const standing = async function* (): AsyncGenerator<Uint8Array, void> {
      yield Buffer.alloc(300_000);
      await vi.waitFor(async () => expect(await countChunks(place)).toBe(1), { timeout: 10_000 });
      expect(await other.sweep(-HOUR)).toBe(1);
      yield Buffer.alloc(300_000);
    };
    const putting = store.put('a', standing(), { contentType: 'text/plain' });
    await expect(putting).rejects.toMatchObject({ code: 'unavailable' });
    expect(await store.get('a')).toBeNull();
    expect(await countChunks(place)).toBe(0);
  });
});

/** An id that was made so many milliseconds ago. */
function idOf(ago: number): ObjectId {
  const seconds = Math.floor((Date.now() - ago) / 1_000);
  return new ObjectId(seconds.toString(16).padStart(8, '0') + new ObjectId().toHexString().slice(8));
}

function countChunks(place: Place): Promise<number> {
  return withClient(place, async (client) => {
    const chunks = client.db(place.mongoDatabase).collection(`${place.bucket}.chunks`);
    return (await chunks.find({}, { projection: { _id: 1 } }).toArray()).length;
  });
}

it('that cannot be reached is unavailable', async () => {
  const url = 'mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=200';
  const opening = createGridFsBlobStore({ url, mongoDatabase: 'any', bucket: 'any' });
  await expect(opening).rejects.toMatchObject({ code: 'unavailable' });
});
