import { request as httpRequest } from 'node:http';
import type { Json } from '@backside/tree';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LegacyCall } from '../endpoint.js';
import type { LegacyHook } from '../hook.js';
import { parseBackendjsSettings } from '../settings.js';
import { type LegacyFixture, startLegacy, type TestAccount } from '../testing/legacy-fixture.js';
import { LegacyAnswer } from './answer.js';

/** Answers what an endpoint would have been told. */
const echo: LegacyHook = {
  path: /^\/ping/,
  preProcess: (call) => LegacyAnswer.json(told(call)),
};

const rows: LegacyHook = {
  path: /^\/auth/,
  preProcess: () =>
    LegacyAnswer.rows(
      [
        { id: 'a b', name: 'x,"y"' },
        { id: 'c', tag: '<i>' },
      ],
      { start: 5 },
    ),
};

function told({ params, control, files, client }: LegacyCall): Json {
  const uploads = [...files].map(([name, file]) => [name, `${file.filename} ${Buffer.from(file.bytes).toString()}`]);
  return {
    params: Object.fromEntries(params.columns()),
    count: control.count,
    select: [...control.select],
    ops: Object.fromEntries(control.ops),
    files: Object.fromEntries(uploads),
    client: { ...client },
  };
}

const MIB = 1024 * 1024;
const SETTINGS = { 'api-allow': ['^/ping'], 'api-upload-limit': MIB };

let server: LegacyFixture;
let ann: TestAccount;

beforeAll(async () => {
  server = await startLegacy({
    settings: SETTINGS,
    extend: () => ({ hooks: [echo, rows] }),
  });
  ann = await server.account('ann');
});

afterAll(() => server.close());

describe('parameters', () => {
  test('come from the query, nested by brackets, for every method but POST', async () => {
    const wanted = { a: { b: '1' }, c: ['1', '2'] };
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const { json } = await server.client.send(method, '/ping?a[b]=1&c[]=1&c[]=2');
      expect(json.params).toEqual(wanted);
    }
  });

  test('come from the body of a POST, which takes the place of the query', async () => {
    expect((await server.client.post('/ping?x=query', { y: 'form' })).json.params).toEqual({ y: 'form' });
    expect((await server.client.postJson('/ping?x=query', { y: { deep: [1] } })).json.params).toEqual({
      y: { deep: [1] },
    });
    expect((await server.client.postRaw('/ping?x=query', { type: 'text/plain', body: 'y=1' })).json.params).toEqual({
      x: 'query',
    });
  });

  test('keep names that objects have by themselves', async () => {
    const { json } = await server.client.get('/ping?constructor=2&toString=3');
    expect(json.params).toEqual({ constructor: '2', toString: '3' });
  });

  test('that begin with an underscore reach no row, and only known ones are heard', async () => {
    const { json } = await server.client.get('/ping?_count=5000&_select=a,b|c&_ops=x,GT,y&_pool=other&name=n');
    expect(json).toMatchObject({ params: { name: 'n' }, count: 999, select: ['a', 'b', 'c'], ops: { x: 'gt' } });
  });

  test('that carry the proof are not among them', async () => {
    const { json } = await server.client.get('/ping?bk-signature=4%7C%7Ca%7Cb%7C1%7C%7C&bk-access-token=t&name=n');
    expect(json.params).toEqual({ name: 'n' });
  });

  test('of a multipart form come with its files', async () => {
    const body = [
      '--edge\r\ncontent-disposition: form-data; name="n"\r\n\r\none\r\n',
      '--edge\r\ncontent-disposition: form-data; name="n"\r\n\r\ntwo\r\n',
      '--edge\r\ncontent-disposition: form-data; name="icon"; filename="../a.png"\r\ncontent-type: image/png\r\n\r\nbytes\r\n',
      '--edge--\r\n',
    ].join('');
    const { json } = await server.client.postRaw('/ping', { type: 'multipart/form-data; boundary=edge', body });
    expect(json).toMatchObject({ params: { n: ['one', 'two'] }, files: { icon: 'a.png bytes' } });
  });
});

test('a client tells about itself in parameters or headers, or its user agent does', async () => {
  const said = await server.client.get('/ping?bk-app=shop/2.1/tv&bk-tz=9999', {}, { headers: { 'bk-lang': 'de-AT' } });
  expect(said.json.client).toEqual({
    appName: 'shop',
    appVersion: '2.1',
    platform: 'tv',
    version: '',
    lang: 'de',
    tz: 720,
  });
  const headers = { 'user-agent': 'Shop/3 (iPhone; iOS)', 'accept-language': 'fr,en;q=0.5', 'bk-tz': '-60' };
  const guessed = await server.client.get('/ping', {}, { headers });
  expect(guessed.json.client).toMatchObject({ appName: 'Shop', appVersion: '3', platform: 'ios', lang: 'fr', tz: -60 });
});

describe('bodies', () => {
  test('of invalid JSON are refused', async () => {
    const { status, json } = await server.client.postRaw('/ping', { type: 'application/json', body: '{"a":' });
    expect(status).toBe(400);
    expect(json).toMatchObject({ status: 400 });
  });

  test('of JSON that is nested too deep are refused', async () => {
    const nested = (depth: number): string => `{"id":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    const post = (path: string, body: string) =>
      server.client.postRaw(path, { type: 'application/json', body }, { as: ann });
    for (const path of ['/account/get', '/account/update', '/message/add']) {
      expect((await post(path, nested(100_000))).json).toEqual({ status: 400, message: 'The body is nested too deep' });
    }
    expect((await post('/ping', nested(99))).status).toBe(200);
    expect((await post('/ping', nested(100))).status).toBe(400);
  });

  test('that are no objects have no parameters', async () => {
    expect((await server.client.postJson('/ping?a=1', [{ id: 1 }])).json.params).toEqual({});
  });

  test.each(['application/json', 'multipart/form-data; boundary=edge'])(
    'of %s past the limit are 413',
    async (type) => {
      const start = '--edge\r\ncontent-disposition: form-data; name="f"; filename="f"\r\n\r\n';
      const body = `${start}${'x'.repeat(1024 * 1024 + 1)}\r\n--edge--\r\n`;
      const { status, json } = await server.client.postRaw('/ping', { type, body });
      expect(status).toBe(413);
      expect(json).toMatchObject({ status: 413 });
    },
  );

  test('announced as more than twice the limit are refused before anything is read', async () => {
    const status = await new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': 3 * 1024 * 1024 };
      const sent = httpRequest({ port: server.port, host: '127.0.0.1', method: 'POST', path: '/ping', headers });
      sent.on('response', (response) => resolve(response.statusCode)).on('error', reject);
      sent.flushHeaders();
    });
    expect(status).toBe(413);
  });

  test('are refused when all together are too much, and make room again once they are answered', async () => {
    const settings = { 'api-allow': ['^/ping'], 'api-upload-limit': 2 * MIB, 'api-uploads-in-flight': MIB };
    server.backendjs.reconfigure(parseBackendjsSettings(settings));
    const post = (bytes: number) => server.client.postJson('/ping', { text: 'x'.repeat(bytes) });
    expect((await post(1.5 * MIB)).status).toBe(503);
    expect([(await post(0.7 * MIB)).status, (await post(0.7 * MIB)).status]).toEqual([200, 200]);
    server.backendjs.reconfigure(parseBackendjsSettings(SETTINGS));
  });

  test('that do not come to an end keep no other address from sending its own', async () => {
    server.backendjs.reconfigure(parseBackendjsSettings({ ...SETTINGS, 'api-uploads-in-flight': 4 * MIB }));
    const begin = (localAddress: string, text: string) => {
      const headers = { 'content-type': 'application/json', 'content-length': text.length + 2 };
      const to = { port: server.port, host: '127.0.0.1', method: 'POST', path: '/ping', agent: false } as const;
      const sent = httpRequest({ ...to, localAddress, headers });
      const status = new Promise((resolve, reject) => {
        sent.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
      });
      return { sent, status, begun: new Promise<void>((resolve) => void sent.write(`"${text}`, () => resolve())) };
    };
    const endless = begin('127.0.0.1', 'x'.repeat(0.8 * MIB));
    await endless.begun;
    const whole = async (address: string): Promise<unknown> => {
      const { sent, status } = begin(address, 'y'.repeat(0.5 * MIB));
      sent.end('"');
      return status;
    };
    await expect.poll(() => whole('127.0.0.1')).toBe(503);
    expect(await whole('127.0.0.2')).toBe(200);
    endless.sent.end('"');
    expect(await endless.status).toBe(200);
    expect(await whole('127.0.0.1')).toBe(200);
    server.backendjs.reconfigure(parseBackendjsSettings(SETTINGS));
  });

  test('that break off leave nothing behind', async () => {
    await new Promise<void>((resolve) => {
      const headers = { 'content-type': 'application/json', 'content-length': 1000 };
      const sent = httpRequest({ port: server.port, host: '127.0.0.1', method: 'POST', path: '/ping', headers });
      sent.on('error', () => resolve());
      sent.write('{', () => sent.destroy());
      sent.on('close', () => resolve());
    });
    expect((await server.client.postJson('/ping', { still: 'here' })).status).toBe(200);
  });

  test('of broken forms are refused', async () => {
    const none = { type: 'multipart/form-data', body: 'x' };
    expect((await server.client.postRaw('/ping', none)).status).toBe(400);
    const cut = {
      type: 'multipart/form-data; boundary=edge',
      body: '--edge\r\ncontent-disposition: form-data; name="n"\r\n\r\no',
    };
    expect((await server.client.postRaw('/ping', cut)).status).toBe(400);
  });
});

describe('answers', () => {
  test('may be read from any page, and are not kept', async () => {
    const { headers } = await server.client.get('/ping');
    expect(headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-credentials': 'true',
      'cache-control': 'max-age=0, no-cache, no-store',
      pragma: 'no-cache',
      server: 'bkjs/0.81.0 backside/0.1.0',
    });
    expect(headers['access-control-allow-headers']).toContain('bk-signature');
  });

  test('to preflights need no credentials', async () => {
    const { status, headers } = await server.client.send('OPTIONS', '/account/get', {
      headers: { 'access-control-request-method': 'POST' },
    });
    expect(status).toBe(204);
    expect(headers['access-control-allow-methods']).toContain('POST');
  });

  test('about what there is not are JSON', async () => {
    const { status, json } = await server.client.get('/account/nothing', {}, { as: ann });
    expect(status).toBe(404);
    expect(json).toMatchObject({ status: 404 });
  });

  test('to HEAD have no body', async () => {
    const { status, bytes } = await server.client.send('HEAD', '/ping');
    expect([status, bytes.length]).toEqual([200, 0]);
  });
});

describe('pages', () => {
  test('are an envelope with a token that comes back as it was', async () => {
    const { json } = await server.client.get('/auth', {}, { as: ann });
    expect(json).toMatchObject({ count: 2, next_token: Buffer.from('{"start":5}').toString('base64') });
  });

  test('are csv or xml on request', async () => {
    const csv = await server.client.get('/auth', { _format: 'csv' }, { as: ann });
    expect(csv.text).toBe('id|name|tag\n"a b","x,""y""",\nc,,<i>\n');
    const xml = await server.client.get('/auth', { _format: 'xml' }, { as: ann });
    expect(xml.text).toMatch(/^<data><next_token>[^<]+<\/next_token><row><id>a b<\/id>/);
    expect(xml.text).toContain('<tag>&lt;i&gt;</tag>');
  });
});
