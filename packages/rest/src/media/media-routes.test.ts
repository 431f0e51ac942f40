import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import type { Readable } from 'node:stream';
import { NO_QUOTA, Quotas } from '@backside/auth';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type MediaServer, startMediaServer } from './testing/media-server.js';

const RULES = {
  public: { '.read': true, '.write': true },
  users: { $uid: { '.read': 'auth.uid == $uid', '.write': 'auth.uid == $uid' } },
};
/** One pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

let server: MediaServer;
beforeAll(async () => {
  server = await startMediaServer({ rules: RULES, limits: { maxFileBytes: 4_000_000 } });
});
afterAll(() => server.close());

let count = 0;
const newPath = (): string => `/public/file-${++count}`;

function send(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${server.url}/.media${path}`, { method, ...init });
}

async function put(body: BodyInit, headers: Record<string, string> = {}, query = ''): Promise<string> {
  const path = newPath();
  const answer = await send('PUT', path + query, { body, headers });
  if (answer.status !== 200) throw new Error(await answer.text());
  return path;
}

describe('an upload', () => {
  it('is answered with the node, which the tree has', async () => {
    const path = newPath();
    const answer = await send('PUT', `${path}?name=a.txt`, {
      body: 'hello',
      headers: { 'content-type': 'text/plain' },
    });
    const node = await answer.json();
    expect(node).toMatchObject({ name: 'a.txt', type: 'text/plain', size: 5 });
    expect(server.at(path)).toEqual(node);
    expect(answer.headers.get('etag')).toBe(`"${node.hash}"`);
  });

  it('of any bytes comes back the same', async () => {
    const bytes = randomBytes(3_000_000);
    const path = await put(bytes);
    const answer = await send('GET', path);
    expect(answer.headers.get('content-length')).toBe('3000000');
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it('without a length is limited as well', async () => {
    const path = newPath();
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(100_000)),
    });
    const answer = await send('PUT', path, { body, duplex: 'half' } as RequestInit);
    expect(answer.status).toBe(413);
    expect(server.at(path)).toBeNull();
  });

  it.each([
    [413, { 'content-type': 'text/plain' }, 'x'.repeat(4_000_001)],
    [400, { 'content-type': 'image/png' }, 'no image'],
    [400, { 'content-type': 'nonsense' }, 'x'],
    [400, { 'content-encoding': 'gzip' }, 'x'],
    [412, { 'if-match': '*' }, 'x'],
  ])('is refused with %i: %j', async (status, headers, body) => {
    const path = newPath();
    const answer = await send('PUT', path, { body, headers });
    expect(answer.status).toBe(status);
    expect((await answer.json()).error.code).toBeTypeOf('string');
    expect(server.at(path)).toBeNull();
  });

  it.each(['/', '/a.b', '/a%2Fb', '/a%00b', '/a/$b', `/${'x'.repeat(800)}`, '/%ff'])(
    'is refused at the path %j',
    async (path) => {
      const answer = await send('PUT', path, { body: 'x' });
      expect([400, 404]).toContain(answer.status);
      await answer.body?.cancel();
    },
  );

  it.each<[number, string, string]>([
    [400, 'of another kind', 'image/png'],
    [413, 'too large', 'text/plain'],
  ])(
    'that is refused with %i before its end leaves the connection to the next request: %s',
    async (status, _, type) => {
      const socket = connect(server.port, '127.0.0.1');
      let received = '';
      socket.on('data', (piece) => {
        received += piece;
      });
      const answers = (): string[] => Array.from(received.matchAll(/HTTP\/1.1 (\d+)/g), ([, code]) => code!);
      const head = `host: a\r\ncontent-type: ${type}\r\ntransfer-encoding: chunked`;
      socket.write(`PUT /.media${newPath()} HTTP/1.1\r\n${head}\r\n\r\n`);
      for (let i = 0; i < 50; i++) socket.write(`${(100_000).toString(16)}\r\n${'x'.repeat(100_000)}\r\n`);
      await expect.poll(answers, { timeout: 10_000 }).toEqual([`${status}`]);
      socket.write(`0\r\n\r\nGET /.media${newPath()} HTTP/1.1\r\nhost: a\r\n\r\n`);
      await expect.poll(answers, { timeout: 10_000 }).toEqual([`${status}`, '404']);
      socket.destroy();
    },
  );

  it('that is cut off leaves nothing', async () => {
    const path = newPath();
    const socket = connect(server.port, '127.0.0.1');
    socket.write(`PUT /.media${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n${'x'.repeat(500)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    await expect.poll(async () => server.media.blobs.sweep(-60_000)).toBe(0);
    expect(server.at(path)).toBeNull();
    expect(server.errors).toEqual([]);
  });

  it('replaces only what the condition names', async () => {
    const path = await put('one');
    expect((await send('PUT', path, { body: 'two', headers: { 'if-none-match': '*' } })).status).toBe(412);
    const etag = (await send('HEAD', path)).headers.get('etag')!;
    expect((await send('PUT', path, { body: 'two', headers: { 'if-match': etag } })).status).toBe(200);
    expect((await send('DELETE', path, { headers: { 'if-match': etag } })).status).toBe(412);
    expect((await send('DELETE', path)).status).toBe(204);
    expect((await send('GET', path)).status).toBe(404);
    expect((await send('DELETE', path)).status).toBe(404);
  });
});

describe('a download', () => {
  it.each([
    ['bytes=0-0', 206, '0', 'bytes 0-0/10'],
    ['bytes=3-', 206, '3456789', 'bytes 3-9/10'],
    ['bytes=-2', 206, '89', 'bytes 8-9/10'],
    ['bytes=2-200', 206, '23456789', 'bytes 2-9/10'],
    ['bytes=10-', 416, '', 'bytes */10'],
    ['bytes=0-1,2-3', 200, '0123456789', null],
    ['bytes=9-2', 200, '0123456789', null],
  ])('of %s gives %i %j', async (range, status, body, contentRange) => {
    const path = await put('0123456789');
    const answer = await send('GET', path, { headers: { range } });
    expect([answer.status, await answer.text()]).toEqual([status, body]);
    expect(answer.headers.get('content-range')).toBe(contentRange);
  });

  it('goes on where it was cut, unless the file has changed', async () => {
    const path = await put('0123456789');
    const etag = (await send('HEAD', path)).headers.get('etag')!;
    const rest = { range: 'bytes=5-', 'if-range': etag };
    expect((await send('GET', path, { headers: rest })).status).toBe(206);
    await send('PUT', path, { body: 'abcdefghij' });
    const answer = await send('GET', path, { headers: rest });
    expect([answer.status, await answer.text()]).toEqual([200, 'abcdefghij']);
  });

  it('is spared who has the file', async () => {
    const path = await put('hello', { 'content-type': 'text/plain' });
    const first = await send('GET', path);
    const etag = first.headers.get('etag')!;
    const answer = await send('GET', path, { headers: { 'if-none-match': etag } });
    expect([answer.status, await answer.text()]).toEqual([304, '']);
    expect(answer.headers.get('etag')).toBe(etag);
    const since = { 'if-modified-since': first.headers.get('last-modified')! };
    expect((await send('GET', path, { headers: since })).status).toBe(304);
    expect((await send('GET', path, { headers: { 'if-match': '"x"' } })).status).toBe(412);
  });

  it('of nothing but the headers has no body and no part', async () => {
    const path = await put('0123456789');
    const answer = await send('HEAD', path, { headers: { range: 'bytes=0-1' } });
    expect([answer.status, answer.headers.get('content-length'), await answer.text()]).toEqual([200, '10', '']);
  });

  it('of an empty file works', async () => {
    const path = await put('');
    const answer = await send('GET', path);
    expect([answer.status, answer.headers.get('content-length'), await answer.text()]).toEqual([200, '0', '']);
    expect((await send('GET', path, { headers: { range: 'bytes=0-' } })).status).toBe(416);
  });

  it('that the client breaks off is no error', async () => {
    const path = await put(randomBytes(3_900_000));
    for (let i = 0; i < 5; i++) {
      const controller = new AbortController();
      const answer = await send('GET', path, { signal: controller.signal });
      const reader = answer.body!.getReader();
      await reader.read();
      controller.abort();
    }
    expect((await send('GET', path, { headers: { range: 'bytes=0-3' } })).status).toBe(206);
    expect(server.errors).toEqual([]);
  });

  it('that waits for another is given up with the connection', async () => {
    const path = await put(randomBytes(3_900_000));
    const opened = vi.spyOn(server.media.blobs, 'get');
    const client = connect(server.port, '127.0.0.1').pause();
    client.write(`GET /.media${path} HTTP/1.1\r\nhost: a\r\n\r\n`.repeat(20));
    await expect.poll(() => opened.mock.settledResults.filter(({ type }) => type === 'fulfilled')).toHaveLength(20);
    const bodies = opened.mock.settledResults.map(({ value }) => value.body as Readable);
    expect(bodies.filter(({ closed }) => !closed).length).toBeGreaterThan(10);
    client.destroy();
    await expect.poll(() => bodies.filter(({ closed }) => !closed)).toEqual([]);
    expect(server.errors).toEqual([]);
    opened.mockRestore();
  });
});

describe('what anybody uploaded', () => {
  const page = '<script>alert(1)</script>';
  it.each([
    ['text/html', page, 'attachment'],
    ['image/svg+xml', `<svg xmlns="http://www.w3.org/2000/svg">${page}</svg>`, 'attachment'],
    ['application/xhtml+xml', page, 'attachment'],
    ['text/xml', page, 'attachment'],
    ['application/pdf', '%PDF-1.7', 'attachment'],
    ['application/javascript', 'alert(1)', 'attachment'],
    ['text/plain', page, 'inline'],
    ['video/mp4', 'x', 'inline'],
    ['image/png', PNG, 'inline'],
  ])('as %s can harm nobody', async (type, body, shown) => {
    const path = await put(body, { 'content-type': type });
    const { headers } = await send('GET', path);
    expect(headers.get('content-type')).toBe(type);
    expect(headers.get('content-disposition')).toMatch(new RegExp(`^${shown}; filename=`));
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain('sandbox');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('cache-control')).toBe('private, no-cache');
    const saved = await send('GET', `${path}?download`);
    expect(saved.headers.get('content-disposition')).toMatch(/^attachment/);
  });

  it.each([
    ['ä "quoted".txt', 'filename="_ _quoted_.txt"; filename*=UTF-8\'\'%C3%A4%20%22quoted%22.txt'],
    ['../../etc/passwd', 'filename="passwd"; filename*=UTF-8\'\'passwd'],
    ['a\r\nx: y', 'filename="ax: y"; filename*=UTF-8\'\'ax%3A%20y'],
    ["it's (100%)", "filename=\"it's (100_)\"; filename*=UTF-8''it%27s%20%28100%25%29"],
  ])('called %j has a harmless header', async (name, expected) => {
    const type = { 'content-type': 'application/octet-stream' };
    const path = await put('x', type, `?name=${encodeURIComponent(name)}`);
    expect((await send('GET', path)).headers.get('content-disposition')).toBe(`attachment; ${expected}`);
  });

  it('and then changed in the tree is served no less harmlessly', async () => {
    const path = await put('x', { 'content-type': 'text/plain' });
    const node = server.at(path) as Record<string, unknown>;
    for (const type of ['text/html\r\nx-evil: 1', 'text/html', '', 'ä/ä']) {
      const principal = { kind: 'admin' } as const;
      const value = { ...node, type, name: '"\r\nx-evil: 1', size: -5, hash: 'x' };
      await server.database.write({ principal, steps: [{ method: 'set', path: path.split('/').slice(1), value }] });
      const answer = await send('GET', path);
      expect([answer.status, await answer.text()]).toEqual([200, 'x']);
      expect(answer.headers.get('x-evil')).toBeNull();
      expect(answer.headers.get('content-disposition')).toMatch(/^attachment/);
    }
  });
});

describe('rights', () => {
  it('are those of who bears the token', async () => {
    const ann = await server.signUp('ann');
    const bob = await server.signUp('bob');
    const path = `/users/${ann.uid}/photo`;
    const as = (token: string) => ({ authorization: `Bearer ${token}` });
    expect((await send('PUT', path, { body: 'x' })).status).toBe(403);
    expect((await send('PUT', path, { body: 'x', headers: as(bob.token) })).status).toBe(403);
    expect((await send('PUT', path, { body: 'x', headers: as(ann.token) })).status).toBe(200);
    expect((await send('GET', path)).status).toBe(403);
    expect((await send('HEAD', path, { headers: as(bob.token) })).status).toBe(403);
    expect((await send('DELETE', path, { headers: as(bob.token) })).status).toBe(403);
    expect((await send('GET', path, { headers: as(ann.token) })).status).toBe(200);
    expect((await send('GET', `${path}?auth=${ann.token}`)).status).toBe(200);
    expect((await send('GET', path, { headers: as('nonsense') })).status).toBe(401);
    const etag = (await send('HEAD', path, { headers: as(ann.token) })).headers.get('etag')!;
    expect((await send('GET', path, { headers: { 'if-none-match': etag } })).status).toBe(403);
  });

  it('are not given to pages of other origins', async () => {
    const answer = await send('PUT', newPath(), { body: 'x', headers: { origin: 'https://evil.example' } });
    expect(answer.status).toBe(403);
  });
});

describe('a picture', () => {
  it('comes in the size and format that is asked for', async () => {
    const path = await put(PNG);
    const answer = await send('GET', `${path}?width=3&height=2&fit=fill&enlarge&format=webp&quality=50`);
    expect(answer.headers.get('content-type')).toBe('image/webp');
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(await server.media.images.read(bytes)).toMatchObject({ format: 'webp', width: 3, height: 2 });
    const etag = answer.headers.get('etag')!;
    expect(etag).not.toBe((await send('HEAD', path)).headers.get('etag'));
    const query = '?width=3&height=2&fit=fill&enlarge&format=webp&quality=50';
    expect((await send('GET', path + query, { headers: { 'if-none-match': etag } })).status).toBe(304);
    const part = await send('GET', path + query, { headers: { range: 'bytes=0-3' } });
    expect([part.status, await part.text()]).toEqual([206, 'RIFF']);
  });

  it.each([
    ['width=0', 400],
    ['width=abc', 400],
    ['width=1&width=2', 400],
    ['width=99999', 413],
    ['format=svg', 400],
    ['fit=stretch', 400],
    ['quality=500', 400],
    ['enlarge=perhaps', 400],
    ['background=red', 400],
  ])('is refused for %s with %i', async (query, status) => {
    const path = await put(PNG);
    expect((await send('GET', `${path}?${query}`)).status).toBe(status);
  });

  it('may be made smaller before it is kept', async () => {
    const path = await put(PNG, { 'content-type': 'image/png' }, '?format=jpg');
    expect(server.at(path)).toMatchObject({ type: 'image/jpeg', width: 1, height: 1 });
  });
});

it('no other method is known', async () => {
  for (const method of ['POST', 'PATCH']) expect((await send(method, newPath(), { body: 'x' })).status).toBe(404);
});

describe('what an address may take', () => {
  it('is taken from by requests for files, but not by what is in them', async () => {
    const now = (): number => 1_000_000;
    const perAddress = { ...NO_QUOTA, operationsPerSecond: 2, bytesPerSecond: 10_000 };
    const quotas = new Quotas({ perUser: NO_QUOTA, perAddress }, now);
    const limited = await startMediaServer({ rules: RULES, rest: { quotas, now } });
    try {
      const url = `${limited.url}/.media/public/a`;
      expect((await fetch(url, { method: 'PUT', body: randomBytes(100_000) })).status).toBe(200);
      for (let n = 0; n < 3; n += 1) expect((await fetch(url)).status).toBe(200);
      const refused = await fetch(`${limited.url}/.uploads`, { method: 'POST', headers: { 'tus-resumable': '1.0.0' } });
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
      expect((await fetch(url)).status).toBe(429);
      expect(quotas.refused.address.operations).toBe(2);
    } finally {
      await limited.close();
    }
  });
});
