import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@backside/sdk';
import { nodeSocket } from '@backside/sdk/node';
import { Upload, type UploadOptions } from 'tus-js-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ServerHandle, startServer } from '../harness/server.js';

const CHUNK_BYTES = 2 * 1024 * 1024;
const bytes = randomBytes(12 * 1024 * 1024);

let dataDir = '';
let port = 0;
let server: ServerHandle;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'backside-uploads-'));
  port = await freePort();
  server = await start();
});
afterAll(async () => {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

function start(): Promise<ServerHandle> {
  return startServer({ dataDir, args: ['--port', String(port)] });
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

interface Uploading {
  readonly upload: Upload;
  readonly ended: Promise<void>;
}

/** An upload by the reference client; `onAccepted` hears how many bytes the server has confirmed. */
function begin(path: string, options: UploadOptions, onAccepted: (accepted: number) => void = () => {}): Uploading {
  let upload!: Upload;
  const ended = new Promise<void>((resolve, reject) => {
    upload = new Upload(bytes, {
      endpoint: `http://127.0.0.1:${port}/.uploads`,
      chunkSize: CHUNK_BYTES,
      metadata: { path, filename: 'film.bin', filetype: 'video/mp4' },
      retryDelays: Array.from({ length: 60 }, () => 250),
      onChunkComplete: (_size, accepted) => onAccepted(accepted),
      onSuccess: () => resolve(),
      onError: reject,
      ...options,
    });
  });
  upload.start();
  return { upload, ended };
}

async function download(path: string): Promise<Buffer> {
  const answer = await fetch(`http://127.0.0.1:${port}/.media${path}`);
  expect(answer.status).toBe(200);
  return Buffer.from(await answer.arrayBuffer());
}

describe('an upload by tus-js-client', () => {
  it('arrives, and who listens to its node sees it then', async () => {
    const client = connect(server.url, { socket: nodeSocket });
    const seen: unknown[] = [];
    client.on('/files/one', (value) => seen.push(value));
    await begin('/files/one', {}).ended;
    await expect.poll(() => seen.at(-1)).toMatchObject({ name: 'film.bin', type: 'video/mp4', size: bytes.length });
    expect(seen.filter((value) => value !== null)).toHaveLength(1);
    expect((await download('/files/one')).equals(bytes)).toBe(true);
    await client.close();
  });

  it('is broken off, and gone on with by another client that knows its address', async () => {
    const broken = new Promise<string>((resolve) => {
      const { upload } = begin('/files/two', {}, (accepted) => {
        if (accepted >= 2 * CHUNK_BYTES) void upload.abort().then(() => resolve(upload.url!));
      });
    });
    const uploadUrl = await broken;
    const accepted: number[] = [];
    await begin('/files/two', { uploadUrl }, (count) => accepted.push(count)).ended;
    expect(accepted[0]).toBeGreaterThan(2 * CHUNK_BYTES);
    expect((await download('/files/two')).equals(bytes)).toBe(true);
  });

  it('comes with its announcement in one request, where the client likes that', async () => {
    let requests = 0;
    const onBeforeRequest = (): void => {
      requests += 1;
    };
    await begin('/files/at-once', { uploadDataDuringCreation: true, chunkSize: bytes.length, onBeforeRequest }).ended;
    expect(requests).toBe(1);
    expect((await download('/files/at-once')).equals(bytes)).toBe(true);
  });

  it('is given up by its client, and then there is nothing to go on with', async () => {
    const uploadUrl = await new Promise<string>((resolve, reject) => {
      const { upload } = begin('/files/given-up', {}, (accepted) => {
        const url = upload.url!;
        if (accepted >= CHUNK_BYTES) upload.abort(true).then(() => resolve(url), reject);
      });
    });
    const headers = { 'tus-resumable': '1.0.0' };
    expect((await fetch(uploadUrl, { method: 'HEAD', headers })).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${port}/.media/files/given-up`)).status).toBe(404);
  });

  it('goes on after the server was killed and started again', async () => {
    let restarted: Promise<void> | null = null;
    const { ended } = begin('/files/three', {}, (accepted) => {
      if (accepted < 2 * CHUNK_BYTES || restarted !== null) return;
      restarted = server.kill().then(async () => {
        server = await start();
      });
    });
    await ended;
    await restarted;
    expect((await download('/files/three')).equals(bytes)).toBe(true);
  });
});

it('an upload goes through several processes, and its file is there for all of them', async () => {
  const many = await startServer({ workers: 2 });
  try {
    const base = `http://127.0.0.1:${many.httpPort}`;
    await begin('/files/shared', { endpoint: `${base}/.uploads` }).ended;
    for (let i = 0; i < 6; i++) {
      const ask = () => fetch(`${base}/.media/files/shared`, { headers: { connection: 'close', range: 'bytes=-9' } });
      await expect.poll(async () => (await ask()).status).toBe(206);
      expect(Buffer.from(await (await ask()).arrayBuffer()).equals(bytes.subarray(-9))).toBe(true);
    }
  } finally {
    await many.stop();
  }
});

it('files that were acknowledged survive the death of the server; what was on its way is there whole or not at all', async () => {
  const put = (name: string, body: Uint8Array<ArrayBuffer>) =>
    fetch(`http://127.0.0.1:${port}/.media/kept/${name}`, { method: 'PUT', body });
  const acknowledged = new Map<string, Buffer<ArrayBuffer>>();
  const sent = new Map<string, Buffer<ArrayBuffer>>();
  const sending = Array.from({ length: 40 }, async (_, i) => {
    const body = randomBytes(200_000 + i);
    sent.set(`file-${i}`, body);
    const answer = await put(`file-${i}`, body).catch(() => null);
    if (answer?.status === 200) acknowledged.set(`file-${i}`, body);
    if (acknowledged.size === 10) await server.kill();
  });
  await Promise.all(sending);
  server = await start();
  expect(acknowledged.size).toBeGreaterThanOrEqual(10);
  for (const [name, body] of sent) {
    const answer = await fetch(`http://127.0.0.1:${port}/.media/kept/${name}`);
    if (acknowledged.has(name)) expect(answer.status).toBe(200);
    if (answer.status === 200) expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true);
    else expect(answer.status).toBe(404);
  }
});
