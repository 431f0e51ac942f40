import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Upload } from 'tus-js-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type S3Server, startS3Server } from '../../packages/blobs-s3/src/testing/s3-server.js';
import { picture } from '../../packages/media/src/testing/pictures.js';
import { type Cluster, type ClusterNode, startCluster } from '../harness/cluster.js';
import { askHttp } from '../harness/http-client.js';
import { sharedService } from '../services/index.js';

/** What one request of a resumable upload brings. */
const PART_BYTES = 300_000;
const RULES = {
  public: { '.read': true, '.write': true },
  users: { $uid: { '.read': 'auth.uid == $uid', '.write': 'auth.uid == $uid' } },
};

/** Two nodes over one store of data and one of blobs. */
interface Site {
  readonly cluster: Cluster;
  /** Ends the servers that the blobs are in. */
  end(): Promise<void>;
}

let folder = '';
let rulesFlags: string[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backside-media-stores-'));
  const file = join(folder, 'rules.json');
  await writeFile(file, JSON.stringify({ rules: RULES }));
  rulesFlags = ['--mode', 'production', '--rules', file, '--sign-up'];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function openSite(args: readonly string[]): Promise<Cluster> {
  const cluster = await startCluster({
    nodes: 2,
    store: 'mongodb',
    notifier: 'none',
    args: [...rulesFlags, ...args],
  });
  if (cluster === null) throw new Error('the store has gone');
  return cluster;
}

async function openGridFs(): Promise<Site> {
  return { cluster: await openSite(['--blobs', 'gridfs']), end: async () => {} };
}

async function openS3(): Promise<Site> {
  const server: S3Server = await startS3Server(['files']);
  const { accessKeyId, secretAccessKey } = server.credentials;
  const url = server.endpoint.replace('://', `://${accessKeyId}:${secretAccessKey}@`);
  const cluster = await openSite(['--blobs', 's3', '--blobs-url', url, '--blobs-bucket', 'files']).catch(
    async (error: unknown) => {
      await server.stop();
      throw error;
    },
  );
  return { cluster, end: () => server.stop() };
}

const store = await sharedService('mongodb');
afterAll(() => store?.stop());

function baseOf(node: ClusterNode): string {
  return `http://127.0.0.1:${node.server.httpPort}`;
}

describe.skipIf(store === null).each([
  ['GridFS', openGridFs],
  ['S3', openS3],
])('two nodes with files in %s', (_, open) => {
  let site: Site;
  let nodes: readonly ClusterNode[];
  beforeAll(async () => {
    site = await open();
    nodes = site.cluster.nodes;
  });
  afterAll(async () => {
    await site?.cluster.stop();
    await site?.end();
  });

  const ask = (node: number, path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${baseOf(nodes[node]!)}/.media${path}`, init);
  const put = (node: number, path: string, body: BodyInit, headers: Record<string, string> = {}): Promise<Response> =>
    ask(node, path, { method: 'PUT', body, headers });

  /** What the other node answers once it has heard of the file. */
  const askOther = async (path: string, init: RequestInit = {}): Promise<Response> => {
    await expect.poll(async () => (await ask(1, path)).status, { timeout: 20_000 }).toBe(200);
    return ask(1, path, init);
  };

  it('take a file on one and give it back on the other: whole, in parts, or not again', async () => {
    const bytes = randomBytes(1_000_007);
    const node = (await (await put(0, '/public/large', bytes)).json()) as { hash: string; size: number };
    expect(node.size).toBe(bytes.length);
    const whole = await askOther('/public/large');
    expect(whole.headers.get('etag')).toBe(`"${node.hash}"`);
    expect(Buffer.from(await whole.arrayBuffer()).equals(bytes)).toBe(true);
    for (const [range, part] of [
      ['bytes=0-0', bytes.subarray(0, 1)],
      ['bytes=261000-523000', bytes.subarray(261_000, 523_001)],
      ['bytes=-7', bytes.subarray(-7)],
    ] as const) {
      const answer = await ask(1, '/public/large', { headers: { range } });
      expect(answer.status).toBe(206);
      expect(Buffer.from(await answer.arrayBuffer()).equals(part)).toBe(true);
    }
    const beyond = await ask(1, '/public/large', { headers: { range: `bytes=${bytes.length}-` } });
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${bytes.length}`]);
    const etag = `"${node.hash}"`;
    expect((await ask(1, '/public/large', { headers: { 'if-none-match': etag } })).status).toBe(304);
    expect((await put(1, '/public/large', 'new', { 'if-none-match': '*' })).status).toBe(412);
    expect((await put(1, '/public/large', 'new', { 'if-match': etag })).status).toBe(200);
    expect(await (await ask(1, '/public/large')).text()).toBe('new');
    expect((await ask(1, '/public/large', { method: 'DELETE' })).status).toBe(204);
    await expect.poll(async () => (await ask(0, '/public/large')).status, { timeout: 20_000 }).toBe(404);
  });

  it('show pictures in the size that is asked for, the same on both', async () => {
    const png = await picture(300, 200).png().toBuffer();
    expect(await (await put(0, '/public/photo', png)).json()).toMatchObject({ width: 300, height: 200 });
    const made = await ask(0, '/public/photo?width=30&format=png');
    const again = await askOther('/public/photo?width=30&format=png');
    const bytes = Buffer.from(await made.arrayBuffer());
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([30, 20]);
    expect(bytes.equals(Buffer.from(await again.arrayBuffer()))).toBe(true);
    expect(again.headers.get('etag')).toBe(made.headers.get('etag'));
    expect((await put(0, '/public/broken', png.subarray(0, 60))).status).toBe(400);
    expect((await ask(0, '/public/broken')).status).toBe(404);
  });

  it('give files to those who may read the node, and take them from those who may write it', async () => {
    const signUp = async (username: string): Promise<{ uid: string; token: string }> => {
      const json = { username, password: 'correct horse battery' };
      const { body } = await askHttp<{ accessToken: string; user: { uid: string } }>(
        nodes[0]!.server.httpPort,
        '/auth/signup',
        { json },
      );
      return { uid: body.user.uid, token: body.accessToken };
    };
    const [ann, bob] = [await signUp('ann'), await signUp('bob')];
    const path = `/users/${ann.uid}/secret`;
    const as = ({ token }: { token: string }) => ({ authorization: `Bearer ${token}` });
    expect((await put(0, path, 'x', as(bob))).status).toBe(403);
    expect((await put(0, path, 'mine', as(ann))).status).toBe(200);
    for (const node of [0, 1]) {
      await expect
        .poll(async () => (await ask(node, path, { headers: as(ann) })).status, { timeout: 20_000 })
        .toBe(200);
      expect((await ask(node, path, { headers: as(bob) })).status).toBe(403);
      expect((await ask(node, path)).status).toBe(403);
    }
  });

  it('go on with an upload after the node that took it was killed, on the other or on itself', async () => {
    const bytes = randomBytes(4 * PART_BYTES);
    const begun = uploading(bytes, { endpoint: `${baseOf(nodes[0]!)}/.uploads`, retryDelays: null });
    let killed: Promise<void> | null = null;
    begun.upload.options.onChunkComplete = (_size, accepted) => {
      if (accepted >= 2 * PART_BYTES) killed ??= nodes[0]!.kill();
    };
    begun.upload.start();
    await expect(begun.ended).rejects.toThrow();
    await killed;
    const id = new URL(begun.upload.url!).pathname;
    const accepted: number[] = [];
    const resumed = uploading(bytes, { uploadUrl: `${baseOf(nodes[1]!)}${id}` });
    resumed.upload.options.onChunkComplete = (_size, count) => accepted.push(count);
    resumed.upload.start();
    await resumed.ended;
    expect(accepted[0]).toBeGreaterThan(2 * PART_BYTES);
    await nodes[0]!.restart();
    for (const node of [1, 0]) {
      await expect.poll(async () => (await ask(node, '/public/film')).status, { timeout: 20_000 }).toBe(200);
      expect(Buffer.from(await (await ask(node, '/public/film')).arrayBuffer()).equals(bytes)).toBe(true);
    }
  });

  it('say in their health where the files are', async () => {
    const health = async () => (await fetch(`${baseOf(nodes[0]!)}/health`)).json();
    await expect.poll(health, { timeout: 20_000 }).toMatchObject({ services: { blobs: { status: 'ok' } } });
  });
});

/** An upload by the reference client in parts, not yet started. */
function uploading(bytes: Buffer, options: ConstructorParameters<typeof Upload>[1]) {
  let upload!: Upload;
  const ended = new Promise<void>((resolve, reject) => {
    upload = new Upload(bytes, {
      chunkSize: PART_BYTES,
      metadata: { path: '/public/film', filename: 'film.bin', filetype: 'video/mp4' },
      onSuccess: () => resolve(),
      onError: reject,
      ...options,
    });
  });
  return { upload, ended };
}
