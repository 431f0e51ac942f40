import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { blobStoreConformance } from '@backside/media/conformance';
import { MongoClient, ObjectId } from 'mongodb';
import { afterAll, describe, expect, it } from 'vitest';
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

  it('is swept of what puts left that never came to an end, and of nothing else', async () => {
    const place = newPlace();
    const store = await createGridFsBlobStore(place);
    try {
      await store.put('kept', Readable.from([Buffer.from('kept')]), { contentType: 'text/plain' });
      const old = ObjectId.createFromTime(Date.now() / 1_000 - 7_200);
      const young = new ObjectId();
      await withClient(place, async (client) => {
        const database = client.db(place.mongoDatabase);
        for (const files_id of [old, young]) {
          await database.collection(`${place.bucket}.chunks`).insertOne({ files_id, n: 0, data: Buffer.from('x') });
        }
      });
      expect(await store.sweep(HOUR)).toBe(1);
      expect(await store.sweep(HOUR)).toBe(0);
      expect((await store.head('kept'))?.size).toBe(4);
      const left = await withClient(place, (client) =>
        client.db(place.mongoDatabase).collection(`${place.bucket}.chunks`).countDocuments(),
      );
      expect(left).toBe(2);
    } finally {
      await store.close();
    }
  });
});

it('that cannot be reached is unavailable', async () => {
  const url = 'mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=200';
  const opening = createGridFsBlobStore({ url, mongoDatabase: 'any', bucket: 'any' });
  await expect(opening).rejects.toMatchObject({ code: 'unavailable' });
});
