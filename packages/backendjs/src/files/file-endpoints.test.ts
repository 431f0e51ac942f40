import { connect } from 'node:net';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startLegacy, type TestAccount } from '../testing/legacy-fixture.js';
import { type LegacyMediaFixture, startLegacyWithMedia } from '../testing/legacy-media.js';
import { watchTree } from '../testing/tree-watch.js';

const DONE = { status: 200, message: '' };

let server: LegacyMediaFixture;
let ann: TestAccount;
let bob: TestAccount;

beforeAll(async () => {
  server = await startLegacyWithMedia();
  ann = await server.account('ann');
  bob = await server.account('bob');
});
afterAll(() => server.close());

const put = (params: Record<string, string | number>, as = ann) => server.client.post('/file/put', params, { as });
const get = (params: Record<string, string>, as = ann) => server.client.get('/file/get', params, { as });

describe('/file', () => {
  it('keeps what was put, under its name, until it is deleted', async () => {
    const watch = await watchTree(server.database, '/files');
    const data = Buffer.from('some text').toString('base64');
    expect((await put({ prefix: 'notes', name: 'a.txt', data })).json).toEqual(DONE);
    expect(watch.changes).toHaveLength(1);
    expect(server.value('/files/notes/a%2Etxt')).toMatchObject({
      owner: ann.id,
      size: 9,
      type: 'text/plain; charset=utf-8',
    });
    const file = await get({ prefix: 'notes', name: 'a.txt' }, bob);
    expect([file.status, file.text]).toEqual([200, 'some text']);
    expect(file.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect((await server.client.get('/file/del', { prefix: 'notes', name: 'a.txt' }, { as: ann })).json).toEqual(DONE);
    expect(watch.changes).toHaveLength(2);
    watch.end();
    expect((await get({ prefix: 'notes', name: 'a.txt' })).status).toBe(404);
    expect(await server.keys()).toEqual([]);
  });

  it('takes contents by another name and in another encoding, and from forms', async () => {
    await put({ prefix: 'e', name: 'plain', _name: 'text', _encoding: 'utf8', text: 'größer' });
    expect((await get({ prefix: 'e', name: 'plain' })).text).toBe('größer');
    const boundary = 'b0undary';
    const body = [
      `--${boundary}\r\nContent-Disposition: form-data; name="prefix"\r\n\r\ne\r\n`,
      `--${boundary}\r\nContent-Disposition: form-data; name="name"\r\n\r\nform.bin\r\n`,
      `--${boundary}\r\nContent-Disposition: form-data; name="data"; filename="x"\r\n\r\n\u0001\u0002\r\n--${boundary}--\r\n`,
    ].join('');
    const form = { type: `multipart/form-data; boundary=${boundary}`, body };
    expect((await server.client.postRaw('/file/put', form, { as: ann })).json).toEqual(DONE);
    const file = await get({ prefix: 'e', name: 'form.bin' });
    expect([...file.bytes]).toEqual([1, 2]);
    expect(file.headers['content-type']).toBe('application/octet-stream');
  });

  it('adds a time or another extension to the name when it is asked to, and only then', async () => {
    const data = 'eA==';
    await put({ prefix: 'n', name: 'plain.txt', data });
    await put({ prefix: 'n', name: 'ext.txt', data, _ext: 'md' });
    await put({ prefix: 'n', name: 'time.txt', data, _tm: 1 });
    const names = Object.keys(server.value('/files/n') as object);
    expect(names).toEqual(['ext%2Emd', 'plain%2Etxt', expect.stringMatching(/^time-\d{13}%2Etxt$/)]);
    expect((await get({ prefix: 'n', name: 'plain.txt' })).text).toBe('x');
  });

  it('serves nothing that a browser would run', async () => {
    await put({ prefix: 'x', name: 'page.html', _encoding: 'utf8', data: '<script>alert(1)</script>' });
    await put({ prefix: 'x', name: 'image.svg', _encoding: 'utf8', data: '<svg/>' });
    for (const name of ['page.html', 'image.svg']) {
      const { headers } = await get({ prefix: 'x', name });
      expect(headers['content-type']).toBe('application/octet-stream');
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['content-security-policy']).toContain('sandbox');
    }
  });

  it('refuses what is missing and names that lead elsewhere', async () => {
    expect((await put({ name: 'a', data: 'eA==' })).json).toMatchObject({ status: 400, message: 'prefix is required' });
    expect((await put({ prefix: 'a', data: 'eA==' })).json).toMatchObject({ status: 400, message: 'name is required' });
    expect((await put({ prefix: 'a', name: 'a' })).json).toMatchObject({ status: 400, message: 'data is required' });
    expect((await put({ prefix: 'a', name: 'a', data: 'x', _encoding: 'rot13' })).status).toBe(400);
    for (const name of ['..', '.', '../../etc/passwd', 'a/b', 'a\\b', '/a', 'a\u0000b', 'x'.repeat(300)]) {
      expect((await put({ prefix: 'a', name, data: 'eA==' })).status).toBe(400);
      expect((await get({ prefix: 'a', name })).status).toBe(400);
      expect((await put({ prefix: name, name: 'a', data: 'eA==' })).status).toBe(400);
    }
    expect((await put({ prefix: 'a', name: 'b', data: 'eA==', _ext: '../x' })).status).toBe(400);
    expect((await server.client.get('/file/get', { prefix: 'e', name: 'plain' })).status).toBe(417);
  });

  it('lets nobody but the owner and admins replace or delete', async () => {
    const root = await server.account('root', { types: ['admin'] });
    const file = { prefix: 'own', name: 'a.txt' };
    await put({ ...file, data: 'eA==' });
    const before = await server.keys();
    expect((await put({ ...file, data: 'eQ==' }, bob)).status).toBe(403);
    expect((await server.client.get('/file/del', file, { as: bob })).status).toBe(403);
    expect([(await get(file)).text, await server.keys()]).toEqual(['x', before]);
    expect((await put({ ...file, data: 'eg==' }, root)).status).toBe(200);
    expect((await get(file)).text).toBe('z');
    expect(await server.keys()).toHaveLength(before.length);
    expect((await server.client.get('/file/del', file, { as: root })).json).toEqual(DONE);
    expect((await server.client.get('/file/del', file, { as: ann })).status).toBe(404);
  });

  it('keeps one of many that are put at once', async () => {
    const file = { prefix: 'race', name: 'a' };
    const replies = await Promise.all(['YQ==', 'Yg==', 'Yw==', 'ZA=='].map((data) => put({ ...file, data })));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect('abcd').toContain((await get(file)).text);
    expect((await server.keys()).filter((key) => key.includes('/race/'))).toHaveLength(1);
  });

  it('goes with its owner', async () => {
    const dave = await server.account('dave');
    await put({ prefix: 'dave', name: 'a.b.txt', data: 'eA==' }, dave);
    await put({ prefix: 'dave', name: '('.repeat(66), data: 'eA==' }, dave);
    expect((await put({ prefix: 'dave', name: '('.repeat(67), data: 'eA==' }, dave)).status).toBe(400);
    await server.client.get('/account/del', {}, { as: dave });
    expect(server.value('/files/dave')).toBeNull();
    expect((await server.keys()).filter((key) => key.includes(dave.id))).toEqual([]);
  });

  it('lets go of every file that a connection was to get once it closes, also of those whose turn had not come', async () => {
    await put({ prefix: 'big', name: 'a', _encoding: 'utf8', data: 'x'.repeat(2_000_000) });
    const opened = vi.spyOn(server.blobs, 'get');
    const client = connect(server.port, '127.0.0.1').pause();
    const url = '/file/get?prefix=big&name=a';
    const head = (): string => {
      const signature = server.client.sign('GET', url, ann);
      return `GET ${url} HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\nbk-signature: ${signature}\r\n\r\n`;
    };
    client.write(Array.from({ length: 20 }, head).join(''));
    await expect.poll(() => opened.mock.settledResults.filter(({ type }) => type === 'fulfilled')).toHaveLength(20);
    const bodies = opened.mock.settledResults.map(({ value }) => value.body as Readable);
    expect(bodies.filter(({ closed }) => !closed).length).toBeGreaterThan(10);
    client.destroy();
    await expect.poll(() => bodies.filter(({ closed }) => !closed)).toEqual([]);
    expect(server.log.lines).toEqual([]);
    opened.mockRestore();
  });

  it('is not there without a place for media', async () => {
    const bare = await startLegacy();
    const account = await bare.account('ann');
    expect((await bare.client.get('/file/get', { prefix: 'a', name: 'b' }, { as: account })).status).toBe(404);
    await bare.close();
  });
});
