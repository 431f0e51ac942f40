import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blobStoreConformance } from '@backside/media/conformance';
import S3rver from 's3rver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createS3BlobStore } from './s3-blob-store.js';

const BUCKETS = Array.from({ length: 60 }, (_, i) => `bucket-${i}`);
const credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
const region = 'us-east-1';

let endpoint = '';
let directory = '';
let server: S3rver;
let next = 0;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'backside-s3-'));
  const configureBuckets = BUCKETS.map((name) => ({ name }));
  server = new S3rver({ port: 0, address: '127.0.0.1', silent: true, directory, configureBuckets });
  endpoint = `http://127.0.0.1:${(await server.run()).port}`;
});
afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

blobStoreConformance('a bucket', async () => {
  const store = await createS3BlobStore({ endpoint, region, credentials, bucket: BUCKETS[next++]! });
  return { store, dispose: async () => {} };
});

describe('a bucket', () => {
  it('that is not there is told at once', async () => {
    const opening = createS3BlobStore({ endpoint, region, credentials, bucket: 'missing' });
    await expect(opening).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('"missing"') });
  });

  it('that cannot be reached is unavailable', async () => {
    const opening = createS3BlobStore({ endpoint: 'http://127.0.0.1:9', region, credentials, bucket: 'any' });
    await expect(opening).rejects.toMatchObject({ code: 'unavailable' });
  });
});
