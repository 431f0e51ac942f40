import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTreeServer, type TreeServer } from '../testing/tree-server.js';

let server: TreeServer;

beforeAll(async () => {
  server = await openTreeServer({ tree: { maxBodyBytes: 65_536 } });
});

afterAll(() => server.stop());

describe('what is no write', () => {
  const NOT_JSON = "Invalid data; couldn't parse JSON object, array, or value.";
  test.each([
    ['nothing', '', NOT_JSON],
    ['broken JSON', '{"a":', NOT_JSON],
    ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), NOT_JSON],
    ['a key with a dot', '{"a.b": 1}', expect.stringContaining('character')],
    ['a value beside children', '{".value": 1, "b": 1}', expect.stringContaining('beside children')],
  ])('%s', async (_what, raw, error) => {
    const { status, json } = await server.call('PUT /bad.json', { raw });
    expect({ status, json }).toEqual({ status: 400, json: { error } });
  });

  test('a merge that is no object, or whose keys overlap', async () => {
    expect((await server.call('PATCH /bad.json', { raw: '1' })).status).toBe(400);
    expect((await server.call('PATCH /bad.json', { raw: '{"a": 1, "a/b": 2}' })).status).toBe(400);
  });

  test('more than the server takes, by its declared length or once it is seen', async () => {
    const large = JSON.stringify('x'.repeat(65_536));
    expect(await server.call('PUT /bad.json', { raw: large })).toMatchObject({
      status: 413,
      json: { error: expect.stringContaining('maximum size') },
    });
    expect(await sendSlowly(large)).toBe(413);
    expect(await server.json('GET /bad.json')).toBeNull();
  });

  test('more than the request says itself', async () => {
    const { status } = await server.call('PUT /bad.json?writeSizeLimit=tiny', { raw: '1' });
    expect(status).toBe(200);
    expect((await server.call('PUT /bad.json?writeSizeLimit=huge', { raw: '1' })).status).toBe(400);
  });

  test('a compressed body', async () => {
    expect((await server.call('PUT /bad.json', { raw: '1', headers: { 'content-encoding': 'gzip' } })).status).toBe(
      400,
    );
  });

  test('another method', async () => {
    expect(await server.call('PROPFIND /bad.json')).toMatchObject({
      status: 405,
      json: { error: 'Method not allowed' },
    });
  });
});

/** Without a declared length; resolves with the status. */
function sendSlowly(body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ port: server.port, method: 'PUT', path: '/bad.json' }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject);
    for (let at = 0; at < body.length; at += 8_192) sent.write(body.slice(at, at + 8_192));
    sent.end();
  });
}
