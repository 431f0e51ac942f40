import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { listenTo, type SentEvent, type SentEvents } from '../../packages/rest/src/testing/event-source.js';
import { anonymousBytes, collectGarbage, gcOnSignalOptions, residentBytes } from '../harness/measure.js';
import { type ServerHandle, startServer } from '../harness/server.js';

const MB = 1_000_000;
const PATIENCE = { timeout: 10_000, interval: 10 };

function send(server: ServerHandle, method: string, path: string, body?: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${server.httpPort}${path}`, { method, ...(body !== undefined && { body }) });
}

describe('a stream of events', () => {
  it('goes on where it was after the server has been killed and started again', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'backside-sse-'));
    try {
      const before = await startServer({ dataDir });
      await send(before, 'PUT', '/log.json', '{"a":1}');
      const events = await listenTo(`http://127.0.0.1:${before.httpPort}/log.json`);
      const first = await events.next();
      await send(before, 'PUT', '/log/b.json', '2');
      await send(before, 'PATCH', '/log.json', '{"c":3,"d":4}');
      events.close();
      await before.kill();
      const after = await startServer({ dataDir });
      await send(after, 'PUT', '/log/e.json', '5');
      const url = `http://127.0.0.1:${after.httpPort}/log.json`;
      const resumed = await listenTo(url, { 'last-event-id': first.id! });
      const seen: SentEvent[] = [];
      await vi.waitFor(() => {
        seen.push(...resumed.take());
        expect(seen).toMatchObject([
          { event: 'put', data: { path: '/b', data: 2 } },
          { event: 'patch', data: { path: '/', data: { c: 3, d: 4 } } },
          { event: 'put', data: { path: '/e', data: 5 } },
        ]);
      }, PATIENCE);
      resumed.close();
      await after.stop();
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  it('ends when the server does, with what was written before', async () => {
    const server = await startServer();
    const events = await listenTo(`http://127.0.0.1:${server.httpPort}/x.json`);
    await events.next();
    expect(await server.stop()).toBe(0);
    await vi.waitFor(() => expect(events.isEnded).toBe(true), PATIENCE);
  });
});

describe('in production', () => {
  let server: ServerHandle;
  beforeAll(async () => {
    server = await startServer({ args: ['--mode', 'production'] });
  });
  afterAll(() => server?.stop());

  it.each(['GET', 'PUT', 'PATCH', 'POST', 'DELETE'])('nobody may %s without rules', async (method) => {
    const response = await send(server, method, '/a.json', method === 'GET' ? undefined : '{"b":1}');
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({ error: 'Permission denied' });
  });

  it('nobody may listen without rules, and there is no page to try it', async () => {
    expect((await listenTo(`http://127.0.0.1:${server.httpPort}/a.json`)).status).toBe(401);
    expect((await send(server, 'GET', '/docs')).status).toBe(404);
  });
});

describe('memory of the server', () => {
  let server: ServerHandle;
  beforeEach(async () => {
    server = await startServer({ args: ['--log-level', 'error'], env: { NODE_OPTIONS: gcOnSignalOptions() } });
  });
  afterEach(() => server?.stop());

  const report = (what: string, { most, resident }: Growth): void => {
    process.stdout.write(`growth by ${what}: ${inMb(most)}; with pages of mapped files ${inMb(resident)}\n`);
  };

  it('grows by less than 64 MB while 100 MB are written and 200 MB are read', async () => {
    const first = await growthOf(server, () => upload(server, '/big/a.json', 100 * MB));
    report('a first write of 100 MB', first);
    const write = await growthOf(server, () => upload(server, '/big/b.json', 100 * MB));
    report('a second one, all caches being full', write);
    await collectGarbage(server.pid);
    let bytes = 0;
    const read = await growthOf(server, async () => {
      bytes = await download(server, '/big.json');
    });
    report(`a read of ${inMb(bytes)}`, read);
    expect(bytes).toBeGreaterThan(200 * MB);
    expect(first.most).toBeLessThan(64 * MB);
    expect(write.most).toBeLessThan(64 * MB);
    expect(read.most).toBeLessThan(64 * MB);
  }, 180_000);

  it('holds 5,000 idle streams', async () => {
    await send(server, 'PUT', '/idle.json', '{"a":1}');
    await collectGarbage(server.pid);
    const before = anonymousBytes(server.pid);
    const streams: SentEvents[] = [];
    while (streams.length < 5_000) {
      const batch = Array.from({ length: 100 }, () => listenTo(`http://127.0.0.1:${server.httpPort}/idle.json`));
      streams.push(...(await Promise.all(batch)));
    }
    await collectGarbage(server.pid);
    const each = (anonymousBytes(server.pid) - before) / streams.length;
    process.stdout.write(`memory of an idle stream: ${(each / 1000).toFixed(1)} KB\n`);
    await send(server, 'PUT', '/idle/b.json', '2');
    const waiting = new Set(streams);
    await vi.waitFor(() => {
      for (const stream of waiting) {
        const told = stream.take().map(({ data }) => data);
        if (told.length > 0 && isDeepStrictEqual(told.at(-1), { path: '/b', data: 2 })) waiting.delete(stream);
      }
      expect(waiting.size).toBe(0);
    }, PATIENCE);
    for (const stream of streams) stream.close();
    expect(each).toBeLessThan(60_000);
  }, 60_000);
});

const inMb = (bytes: number): string => `${(bytes / MB).toFixed(1)} MB`;

/** By how much more memory a server has at most while something is done than before, garbage included. */
interface Growth {
  readonly most: number;
  /** With the pages of mapped files, which are the kernel's to take away. */
  readonly resident: number;
}

async function growthOf({ pid }: ServerHandle, work: () => Promise<void>): Promise<Growth> {
  const before = { most: anonymousBytes(pid), resident: residentBytes(pid) };
  const after = { ...before };
  const sampling = setInterval(() => {
    after.most = Math.max(after.most, anonymousBytes(pid));
    after.resident = Math.max(after.resident, residentBytes(pid));
  }, 20);
  try {
    await work();
  } finally {
    clearInterval(sampling);
  }
  return { most: after.most - before.most, resident: after.resident - before.resident };
}

/** Replaces a node by about `bytes` of JSON, as the operator. */
async function upload({ dataDir }: ServerHandle, path: string, bytes: number): Promise<void> {
  const socketPath = join(dataDir, 'operator.sock');
  const query = '?writeSizeLimit=unlimited&print=silent';
  const sent = request({ socketPath, method: 'PUT', path: `${path}${query}` });
  const answered = new Promise<number>((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', (response) => resolve(response.resume().statusCode ?? 0));
  });
  await pipeline(Readable.from(documentOf(bytes)), sent);
  expect(await answered).toBe(204);
}

/** Items of about a kilobyte, in text of 64 KB at a time. */
function* documentOf(bytes: number): Generator<string> {
  let text = '';
  let sent = 0;
  for (let n = 0; sent < bytes; n += 1) {
    text += `${n === 0 ? '{' : ','}"item-${n}":{"n":${n},"name":"number ${n}","text":"${'t'.repeat(1_000)}"}`;
    if (text.length < 65_536) continue;
    sent += text.length;
    yield text;
    text = '';
  }
  yield `${text}}`;
}

/** Resolves with how many bytes came. */
async function download({ httpPort }: ServerHandle, path: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${httpPort}${path}`);
  let bytes = 0;
  for await (const chunk of response.body ?? []) bytes += chunk.length;
  return bytes;
}
