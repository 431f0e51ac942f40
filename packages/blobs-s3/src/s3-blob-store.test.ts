import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { blobStoreConformance } from '@backside/media/conformance';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createS3BlobStore } from './s3-blob-store.js';
import { type S3Server, startS3Server } from './testing/s3-server.js';

const BUCKETS = Array.from({ length: 60 }, (_, i) => `bucket-${i}`);
const region = 'us-east-1';

let server: S3Server;
let next = 0;
beforeAll(async () => {
  server = await startS3Server(BUCKETS);
});
afterAll(() => server.stop());

const create = async () => {
  const { endpoint, credentials } = server;
  const store = await createS3BlobStore({ endpoint, region, credentials, bucket: BUCKETS[next++]! });
  return { store, dispose: async () => {} };
};
blobStoreConformance('a bucket', create);

describe('a bucket', () => {
  it('that is not there is told at once', async () => {
    const { endpoint, credentials } = server;
    const opening = createS3BlobStore({ endpoint, region, credentials, bucket: 'missing' });
    await expect(opening).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('"missing"') });
  });

  it('that answers with what is no blob gets its connection back', async () => {
    const answers: ServerResponse[] = [];
    const endpoint = await startHttpServer((request, response) => {
      if (request.method === 'HEAD') return void response.end();
      answers.push(response.writeHead(200, { 'content-length': 1_000_000 }));
      response.write('the beginning');
    });
    const { credentials } = server;
    const store = await createS3BlobStore({ endpoint, region, credentials, bucket: 'any' });
    await expect(store.get('a')).rejects.toMatchObject({ code: 'internal' });
    await expect(store.get('a', { start: 0, end: 9 })).rejects.toMatchObject({ code: 'internal' });
    await expect.poll(() => answers.map(({ closed }) => closed)).toEqual([true, true]);
    await store.close();
  });

  it('is swept of uploads in parts to which nothing has come of late', async () => {
    // The server of the other tests knows no listing of uploads.
    const hour = 3_600_000;
    const ago = (hours: number): string => new Date(Date.now() - hours * hour).toISOString();
    const begun = { a: ago(3), b: ago(3), c: ago(3), d: ago(0) };
    const parts: Record<string, string[]> = { a: [ago(3), ago(2)], b: [ago(3), ago(0)], c: [], d: [] };
    const aborted: string[] = [];
    const uploads = Object.entries(begun).map(
      ([key, time]) => `<Upload><Key>${key}</Key><UploadId>of-${key}</UploadId><Initiated>${time}</Initiated></Upload>`,
    );
    const endpoint = await startXmlServer(({ method, url }) => {
      const key = new URL(url!, 'http://localhost').pathname.split('/')[2] ?? '';
      if (method === 'DELETE') aborted.push(key);
      if (method !== 'GET') return '';
      if (key === '') return `<ListMultipartUploadsResult>${uploads.join('')}</ListMultipartUploadsResult>`;
      const dates = parts[key]!.map((time) => `<Part><LastModified>${time}</LastModified></Part>`);
      return `<ListPartsResult><IsTruncated>false</IsTruncated>${dates.join('')}</ListPartsResult>`;
    });
    const store = await createS3BlobStore({ endpoint, region, credentials: server.credentials, bucket: 'any' });
    expect(await store.sweep(hour)).toBe(2);
    expect(aborted).toEqual(['a', 'c']);
    await store.close();
  });

  it('that cannot be reached is unavailable', async () => {
    const { credentials } = server;
    const opening = createS3BlobStore({ endpoint: 'http://127.0.0.1:9', region, credentials, bucket: 'any' });
    await expect(opening).rejects.toMatchObject({ code: 'unavailable' });
  });
});

/** A server that lives as long as the test; resolves with its address. */
async function startHttpServer(listener: RequestListener): Promise<string> {
  const web = createServer(listener);
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void web.close());
  return `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
}

function startXmlServer(answer: (request: IncomingMessage) => string): Promise<string> {
  return startHttpServer((request, response) => {
    response.setHeader('content-type', 'application/xml');
    response.end(answer(request));
  });
}
