import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { ADMIN } from '@backside/protocol';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type MediaServer, startMediaServer } from './testing/media-server.js';

const RULES = {
  public: { '.read': true, '.write': true },
  gated: { $name: { '.write': "root.child('gate').val() == true" } },
  users: { $uid: { '.read': 'auth.uid == $uid', '.write': 'auth.uid == $uid' } },
};
const TUS = { 'tus-resumable': '1.0.0' };
const PATCH = { ...TUS, 'content-type': 'application/offset+octet-stream' };

let server: MediaServer;
beforeAll(async () => {
  server = await startMediaServer({ rules: RULES, limits: { maxFileBytes: 50_000_000 } });
});
afterAll(() => server.close());

let count = 0;
const newPath = (): string => `/public/upload-${++count}`;

function metadata(fields: Record<string, string>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`)
    .join(',');
}

function announce(
  fields: Record<string, string>,
  length: number,
  more: RequestInit & { query?: string } = {},
): Promise<Response> {
  const headers = { ...TUS, 'upload-length': String(length), 'upload-metadata': metadata(fields) };
  const { query = '', headers: others, ...rest } = more;
  return fetch(`${server.url}/.uploads${query}`, { method: 'POST', headers: { ...headers, ...others }, ...rest });
}

function append(
  location: string,
  offset: number,
  body: BodyInit,
  headers: Record<string, string> = {},
): Promise<Response> {
  const all = { ...PATCH, 'upload-offset': String(offset), ...headers };
  const init = { method: 'PATCH', headers: all, body, duplex: 'half' };
  return fetch(new URL(location, server.url), init as RequestInit);
}

function ask(location: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(new URL(location, server.url), { method: 'HEAD', headers: { ...TUS, ...headers } });
}

async function begin(path: string, length: number): Promise<string> {
  const answer = await announce({ path }, length);
  if (answer.status !== 201) throw new Error(await answer.text());
  return answer.headers.get('location')!;
}

async function uploadKeys(): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of server.media.blobs.list('main/uploads/')) keys.push(key);
  return keys;
}

describe('a resumable upload', () => {
  it('tells what it can', async () => {
    const answer = await fetch(`${server.url}/.uploads`, { method: 'OPTIONS' });
    expect(answer.headers.get('tus-version')).toBe('1.0.0');
    expect(answer.headers.get('tus-extension')).toBe('creation,creation-with-upload,termination,expiration');
    expect(answer.headers.get('tus-max-size')).toBe('50000000');
  });

  it('becomes a file with its last byte, and not before', async () => {
    const path = newPath();
    const answer = await announce({ path, filename: 'a.txt', filetype: 'text/plain' }, 10);
    expect(answer.status).toBe(201);
    expect(Date.parse(answer.headers.get('upload-expires')!)).toBeGreaterThan(Date.now());
    const location = answer.headers.get('location')!;
    expect(location).toMatch(/^\/\.uploads\/[0-9a-f]{32}$/);
    expect((await append(location, 0, '01234')).headers.get('upload-offset')).toBe('5');
    expect(server.at(path)).toBeNull();
    const head = await ask(location);
    expect([head.headers.get('upload-offset'), head.headers.get('upload-length')]).toEqual(['5', '10']);
    expect((await append(location, 5, '56789')).status).toBe(204);
    expect(server.at(path)).toMatchObject({ name: 'a.txt', type: 'text/plain', size: 10 });
    expect(await (await fetch(`${server.url}/.media${path}`)).text()).toBe('0123456789');
    expect((await ask(location)).headers.get('upload-offset')).toBe('10');
  });

  it('of one request, and of no bytes, works', async () => {
    const path = newPath();
    const headers = { 'content-type': 'application/offset+octet-stream' };
    expect((await announce({ path }, 5, { body: 'hello', headers })).status).toBe(201);
    expect(server.at(path)).toMatchObject({ size: 5 });
    const empty = newPath();
    expect((await announce({ path: empty }, 0)).status).toBe(201);
    expect(server.at(empty)).toMatchObject({ size: 0 });
  });

  it('keeps what came before the connection broke', async () => {
    const path = newPath();
    const bytes = randomBytes(20_000_000);
    const location = await begin(path, bytes.length);
    const socket = connect(server.port, '127.0.0.1');
    const head = [
      'host: a',
      'tus-resumable: 1.0.0',
      'content-type: application/offset+octet-stream',
      'upload-offset: 0',
    ];
    socket.write(`PATCH ${location} HTTP/1.1\r\n${head.join('\r\n')}\r\ncontent-length: ${bytes.length}\r\n\r\n`);
    socket.end(bytes.subarray(0, 12_000_000));
    const offset = async (): Promise<number> => Number((await ask(location)).headers.get('upload-offset'));
    await expect.poll(offset).toBeGreaterThan(10_000_000);
    socket.destroy();
    const arrived = await offset();
    expect((await append(location, arrived, bytes.subarray(arrived))).status).toBe(204);
    const answer = await fetch(`${server.url}/.media${path}`);
    expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it('is refused where the offset is another', async () => {
    const location = await begin(newPath(), 10);
    await append(location, 0, '01234');
    expect((await append(location, 0, '01234')).status).toBe(409);
    expect((await append(location, 7, '789')).status).toBe(409);
    expect((await append(location, 5, '567890123')).status).toBe(413);
    expect((await ask(location)).headers.get('upload-offset')).toBe('5');
  });

  it('is refused where more comes than was announced, though nobody said how much', async () => {
    const location = await begin(newPath(), 10);
    const body = new ReadableStream({
      start: (controller) => {
        controller.enqueue(Buffer.alloc(20));
        controller.close();
      },
    });
    const refused = await append(location, 0, body);
    expect(refused.status).toBe(413);
    expect((await refused.json()).error.code).toBe('too-large');
    expect(server.errors).toEqual([]);
  });

  it('can be made by pages that may call', async () => {
    const origin = server.url;
    const asked = await fetch(`${server.url}/.uploads`, { method: 'OPTIONS', headers: { origin } });
    expect(asked.headers.get('access-control-allow-headers')).toMatch(/tus-resumable.*upload-length.*upload-offset/);
    const announced = await announce({ path: newPath() }, 5, { headers: { origin } });
    expect(announced.headers.get('access-control-allow-origin')).toBe(origin);
    expect(announced.headers.get('access-control-expose-headers')).toMatch(/Location.*Upload-Offset/);
    const foreign = await announce({ path: newPath() }, 5, { headers: { origin: 'https://evil.example' } });
    expect(foreign.status).toBe(403);
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('keeps the name of the database in its address, and no token', async () => {
    const answer = await announce({ path: newPath() }, 5, { query: '?ns=main&auth=nonsense' });
    expect(answer.status).toBe(401);
    const { token } = await server.signUp('cora');
    const announced = await announce({ path: newPath() }, 5, { query: `?ns=main&auth=${token}` });
    expect(announced.headers.get('location')).toMatch(/^\/\.uploads\/[0-9a-f]{32}\?ns=main$/);
  });

  it('can be given up', async () => {
    const location = await begin(newPath(), 10);
    await append(location, 0, '01234');
    const gone = await fetch(new URL(location, server.url), { method: 'DELETE', headers: TUS });
    expect(gone.status).toBe(204);
    expect((await ask(location)).status).toBe(404);
    expect((await append(location, 5, '56789')).status).toBe(404);
    expect((await uploadKeys()).filter((key) => key.includes(location.split('/').at(-1)!))).toEqual([]);
  });

  it.each([
    ['no path', {}, 10, 400],
    ['a wrong path', { path: '/a.b' }, 10, 400],
    ['the root', { path: '/' }, 10, 400],
    ['a path that needs a right', { path: '/users/ann/a' }, 10, 403],
    ['too many bytes', { path: '/public/a' }, 50_000_001, 413],
    ['a wrong length', { path: '/public/a' }, -1, 400],
  ])('is refused at once: %s', async (_, fields, length, status) => {
    const before = await uploadKeys();
    expect((await announce(fields as Record<string, string>, length)).status).toBe(status);
    expect(await uploadKeys()).toEqual(before);
  });

  it.each(['../owner', '..%2f..%2fowner', '0'.repeat(32), 'x', '%00', `${'0'.repeat(31)}/`])(
    'that nobody announced is not there: %s',
    async (id) => {
      for (const method of ['HEAD', 'PATCH', 'DELETE']) {
        const answer = await fetch(`${server.url}/.uploads/${id}`, {
          method,
          headers: { ...PATCH, 'upload-offset': '0' },
        });
        expect(answer.status).toBe(404);
      }
    },
  );
});

describe('the protocol', () => {
  it.each([undefined, '0.2.2', '2.0.0'])('is refused in version %s, and says which there is', async (version) => {
    const location = await begin(newPath(), 10);
    const headers: Record<string, string> = version === undefined ? {} : { 'tus-resumable': version };
    for (const method of ['HEAD', 'PATCH', 'DELETE', 'POST']) {
      const answer = await fetch(new URL(location, server.url), { method, headers });
      expect([answer.status, answer.headers.get('tus-version')]).toEqual([412, '1.0.0']);
    }
    expect((await ask(location)).status).toBe(200);
  });

  it('takes parts of one type alone, and no broken offsets', async () => {
    const location = await begin(newPath(), 10);
    expect((await append(location, 0, 'hello', { 'content-type': 'text/plain' })).status).toBe(415);
    for (const offset of ['', 'x', '-1', '0x0', '1e1']) {
      const answer = await append(location, 0, 'hello', { 'upload-offset': offset });
      expect([offset, Math.floor(answer.status / 100)]).toEqual([offset, 4]);
    }
    const head = await ask(location);
    expect([head.headers.get('upload-offset'), head.headers.get('cache-control')]).toEqual(['0', 'no-store']);
  });

  it('goes through where there is only POST', async () => {
    const path = newPath();
    const location = await begin(path, 5);
    const post = (method: string, headers: Record<string, string>, body: BodyInit | null = null) =>
      fetch(new URL(location, server.url), {
        method: 'POST',
        headers: { ...PATCH, 'x-http-method-override': method, ...headers },
        body,
      });
    expect((await post('PATCH', { 'upload-offset': '0' }, 'he')).headers.get('upload-offset')).toBe('2');
    expect((await post('HEAD', {})).headers.get('upload-offset')).toBe('2');
    const { token } = await server.signUp('dora');
    const asOther = { 'upload-offset': '2', authorization: `Bearer ${token}` };
    expect((await post('PATCH', asOther, 'xxx')).status).toBe(404);
    expect((await post('DELETE', {})).status).toBe(204);
    expect((await ask(location)).status).toBe(404);
    expect((await post('GET', {})).status).toBe(400);
  });

  it.each([
    ['a length that is told later', { 'upload-defer-length': '1' }],
    ['parts that are put together', { 'upload-length': '5', 'upload-concat': 'partial' }],
    ['parts put together', { 'upload-concat': 'final;/.uploads/0 /.uploads/1' }],
  ])('says that it does not know %s', async (_, headers) => {
    const all = { ...TUS, 'upload-metadata': metadata({ path: newPath() }), ...headers };
    expect((await fetch(`${server.url}/.uploads`, { method: 'POST', headers: all })).status).toBe(501);
  });

  it('says when an upload ends, with each part, and then it is gone', async () => {
    const brief = await startMediaServer({ limits: { uploadExpiryMs: 400 } });
    onTestFinished(() => brief.close());
    const headers = { ...TUS, 'upload-length': '10', 'upload-metadata': metadata({ path: '/a' }) };
    const announced = await fetch(`${brief.url}/.uploads`, { method: 'POST', headers });
    const location = new URL(announced.headers.get('location')!, brief.url);
    const put = () => fetch(location, { method: 'PATCH', headers: { ...PATCH, 'upload-offset': '0' }, body: 'hello' });
    const part = await put();
    if (part.status === 204) expect(part.headers.get('upload-expires')).toBe(announced.headers.get('upload-expires'));
    const asked = async (): Promise<number> => (await fetch(location, { method: 'HEAD', headers: TUS })).status;
    await expect.poll(asked, { timeout: 10_000 }).toBe(410);
    expect((await put()).status).toBe(410);
    const collected = async (): Promise<number> => {
      await brief.media.collect();
      return (await put()).status;
    };
    await expect.poll(collected, { timeout: 10_000 }).toBe(404);
  });
});

describe('the rights of a resumable upload', () => {
  it('are for whoever announced it alone', async () => {
    const ann = await server.signUp('ann');
    const bob = await server.signUp('bob');
    const as = (token: string) => ({ authorization: `Bearer ${token}` });
    const path = `/users/${ann.uid}/a`;
    expect((await announce({ path }, 5, { headers: as(bob.token) })).status).toBe(403);
    const announced = await announce({ path }, 5, { headers: as(ann.token) });
    const location = announced.headers.get('location')!;
    for (const headers of [{}, as(bob.token)]) {
      expect((await ask(location, headers)).status).toBe(404);
      expect((await append(location, 0, 'xxxxx', headers)).status).toBe(404);
    }
    expect((await append(location, 0, 'hello', as(ann.token))).status).toBe(204);
    expect(server.at(path)).toMatchObject({ size: 5 });
  });

  it('are decided again at the end, and then nothing is left', async () => {
    const gate = (value: boolean) =>
      server.database.write({ principal: ADMIN, steps: [{ method: 'set', path: ['gate'], value }] });
    await gate(true);
    const location = await begin('/gated/a', 5);
    await append(location, 0, 'he');
    await gate(false);
    const refused = await append(location, 2, 'llo');
    expect(refused.status).toBe(403);
    expect((await refused.json()).error.code).toBe('permission-denied');
    expect(server.at('/gated')).toBeNull();
    expect((await ask(location)).status).toBe(404);
  });

  it('do not make an image of what is none', async () => {
    const path = newPath();
    const answer = await announce({ path, filetype: 'image/png' }, 5);
    const location = answer.headers.get('location')!;
    expect((await append(location, 0, 'hello')).status).toBe(400);
    expect(server.at(path)).toBeNull();
    expect((await ask(location)).status).toBe(404);
  });

  it('stand with the server that has all bytes but died before it said so', async () => {
    const path = newPath();
    const location = await begin(path, 5);
    const id = location.split('/').at(-1)!;
    const source = Readable.from([Buffer.from('hello')]);
    const key = `main/uploads/${id}/part-${'0'.repeat(16)}`;
    await server.media.blobs.put(key, source, { contentType: 'application/octet-stream' });
    expect(server.at(path)).toBeNull();
    expect((await ask(location)).headers.get('upload-offset')).toBe('5');
    expect(server.at(path)).toMatchObject({ size: 5 });
  });
});
