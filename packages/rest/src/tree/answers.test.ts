import { request as httpRequest } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openTreeServer, type TreeServer } from '../testing/tree-server.js';

let server: TreeServer;

beforeAll(async () => {
  server = await openTreeServer();
});

afterAll(() => server.stop());

describe('an answer', () => {
  test('is indented, or silent', async () => {
    await server.put('/shown', { a: { b: 'x"y,{' }, c: [1, 2] });
    const { text } = await server.call('GET /shown.json?print=pretty');
    expect(text).toBe(JSON.stringify({ a: { b: 'x"y,{' }, c: [1, 2] }, null, 2));
    expect((await server.call('PUT /shown/d.json?print=pretty', { raw: '{"e":1}' })).text).toBe('{\n  "e": 1\n}');
    for (const line of ['GET /shown.json?print=silent', 'DELETE /shown/d.json?print=silent']) {
      expect(await server.call(line)).toMatchObject({ status: 204, text: '' });
    }
    expect(await server.call('PUT /shown/d.json?print=silent', { raw: '1' })).toMatchObject({ status: 204, text: '' });
    expect((await server.call('GET /shown.json?print=loud')).status).toBe(400);
  });

  test('is called by a function', async () => {
    await server.put('/shown', { a: 1 });
    const { text, headers } = await server.call('GET /shown.json?callback=app.got');
    expect(text).toBe('/**/app.got({"a":1});');
    expect(headers.get('content-type')).toContain('text/javascript');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect((await server.call('GET /shown.json?callback=alert(1)//')).status).toBe(400);
  });

  test('is a file', async () => {
    const { headers } = await server.call('GET /shown.json?download=a%22b%0d%0a%C3%BC.json');
    expect(headers.get('content-disposition')).toBe(
      `attachment; filename="a_b___.json"; filename*=UTF-8''a%22b%0D%0A%C3%BC.json`,
    );
  });

  test('to HEAD has no body', async () => {
    await server.put('/shown', 'four');
    const { status, text, headers } = await server.call('HEAD /shown.json');
    expect({ status, text, length: headers.get('content-length') }).toEqual({ status: 200, text: '', length: '6' });
  });

  test('is compressed if it is worth it and the client takes it', async () => {
    await server.put('/shown', { text: 'x'.repeat(5_000) });
    expect(await encodingOf('gzip')).toBe('gzip');
    expect(await encodingOf('br')).toBe('br');
    expect(await encodingOf('identity')).toBeUndefined();
    await server.put('/shown', 'short');
    expect(await encodingOf('gzip')).toBeUndefined();
  });

  test('keeps to its timeout', async () => {
    expect((await server.call('GET /shown.json?timeout=3s')).status).toBe(200);
    for (const timeout of ['16min', '3h', '0s', '']) {
      expect((await server.call(`GET /shown.json?timeout=${timeout}`)).status).toBe(400);
    }
  });
});

/** How `/shown` comes to a client that takes `encoding`; what it comes as is the same. */
function encodingOf(encoding: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const options = { port: server.port, path: '/shown.json', headers: { 'accept-encoding': encoding } };
    httpRequest(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const used = response.headers['content-encoding'];
        const body = Buffer.concat(chunks);
        if (used === 'gzip') expect(gunzipSync(body).toString()).toContain('xxxx');
        resolve(used);
      });
    })
      .on('error', reject)
      .end();
  });
}

test('a script may be had by the pages that may call, and by no others', async () => {
  const policyOf = async (from: TreeServer): Promise<string | null> =>
    (await from.call('GET /shown.json?callback=f')).headers.get('cross-origin-resource-policy');
  const open = await openTreeServer({ allowedOrigins: '*' });
  onTestFinished(() => open.stop());
  expect(await policyOf(open)).toBe('cross-origin');
  expect(await policyOf(server)).toBe('same-origin');
});

test('a read that takes longer than its timeout is refused', async () => {
  let clock = 0;
  const slow = await openTreeServer({ now: () => (clock += 1_000) });
  onTestFinished(() => slow.stop());
  await slow.put('/a', 1);
  expect(await slow.call('GET /a.json?timeout=500ms')).toMatchObject({
    status: 400,
    json: { error: 'the read took longer than its timeout' },
  });
  expect(await slow.call('GET /a.json?timeout=15min')).toMatchObject({ status: 200 });
});
