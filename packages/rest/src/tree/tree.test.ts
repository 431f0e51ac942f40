import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTreeServer, type TreeServer } from '../testing/tree-server.js';

let server: TreeServer;

beforeAll(async () => {
  server = await openTreeServer();
});

afterAll(() => server.stop());

describe('a node', () => {
  test('is read, replaced, merged, added to and removed', async () => {
    expect(await server.json('GET /users/bob.json')).toBeNull();
    expect(await server.json('PUT /users/bob.json', { raw: '{"age": 74}' })).toEqual({ age: 74 });
    expect(await server.json('PATCH /users/bob.json', { raw: '{"name/last": "B"}' })).toEqual({ 'name/last': 'B' });
    expect(await server.json('GET /users.json')).toEqual({ bob: { age: 74, name: { last: 'B' } } });
    expect(await server.json('GET /users/bob/age.json')).toBe(74);
    const { name } = (await server.json('POST /users/bob/tags.json', { raw: '"x"' })) as { name: string };
    expect(name).toMatch(/^[-\w]{20}$/);
    expect(await server.json(`GET /users/bob/tags/${name}.json`)).toBe('x');
    expect(await server.json('DELETE /users/bob.json')).toBeNull();
    expect(await server.json('GET /users.json')).toBeNull();
  });

  test('has its keys decoded one by one', async () => {
    await server.put('/odd/é ü/100%', 1);
    expect(await server.json('GET /odd/%C3%A9%20%C3%BC/100%25.json')).toBe(1);
    expect(await server.json('GET /odd/.json')).toEqual({ 'é ü': { '100%': 1 } });
  });

  test.each([
    ['a key with a slash', '/odd/a%2Fb.json'],
    ['broken encoding', '/odd/%C3.json'],
    ['half an escape', '/odd/%4.json'],
    ['a forbidden character', '/odd/a%23b.json'],
    ['an empty key', '/odd//b.json'],
    ['a key with a dot', '/a.b.json'],
  ])('is refused with %s', async (_what, path) => {
    const { status, json } = await server.call(`GET ${path}`);
    expect({ status, json }).toEqual({ status: 400, json: { error: expect.stringMatching(/^Invalid path: /) } });
  });

  test('may be written as any type of body', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json']) {
      expect(await server.json('PUT /typed.json', { raw: '{"a":1}', headers: { 'content-type': type } })).toEqual({
        a: 1,
      });
    }
  });

  test('shows server values as what they became', async () => {
    const before = Date.now();
    const { at } = (await server.json('PUT /sv.json', { raw: '{"at": {".sv": "timestamp"}, "n": 5}' })) as {
      at: number;
    };
    expect(at).toBeGreaterThanOrEqual(before);
    expect(await server.json('PATCH /sv.json', { raw: '{"n": {".sv": {"increment": 2}}}' })).toEqual({ n: 7 });
    expect(await server.json('GET /sv.json')).toEqual({ at, n: 7 });
    expect((await server.call('PUT /sv.json', { raw: '{".sv": "nonsense"}' })).status).toBe(400);
  });

  test('has a priority, which only the export form shows', async () => {
    await server.json('PUT /prio.json', { raw: '{"a": {".value": 1, ".priority": "p"}, "0": true}' });
    expect(await server.json('GET /prio.json')).toEqual({ a: 1, '0': true });
    expect(await server.json('GET /prio.json?format=export')).toEqual({
      a: { '.value': 1, '.priority': 'p' },
      '0': true,
    });
    expect(await server.json('PUT /prio/a/.priority.json', { raw: '3' })).toBe(3);
    expect(await server.json('GET /prio/a/.priority.json')).toBe(3);
    expect(await server.json('GET /prio/a.json?format=export')).toEqual({ '.value': 1, '.priority': 3 });
  });

  test('whose keys look like indexes is a list, but not in the export form', async () => {
    await server.put('/list', ['a', 'b']);
    expect(await server.json('GET /list.json')).toEqual(['a', 'b']);
    expect(await server.json('GET /list.json?format=export')).toEqual({ 0: 'a', 1: 'b' });
  });

  test('of another database is named by ns', async () => {
    await server.json('PUT /where.json?ns=other', { raw: '"other"' });
    expect(await server.json('GET /where.json')).toBeNull();
    expect(await server.json('GET /where.json?ns=other')).toBe('other');
    expect(await server.call('GET /where.json?ns=nowhere')).toMatchObject({ status: 404 });
  });

  test('is asked for with .json behind it, as a client without it is told', async () => {
    const { status, json, headers } = await server.call('GET /a/b');
    expect({ status, json }).toEqual({
      status: 404,
      json: { error: 'append .json to your request URI to use the REST API' },
    });
    expect(headers.get('code')).toBe('not-found');
  });

  test('below /auth can be had, where nothing else stands there', async () => {
    await server.json('PUT /auth/mine.json', { raw: '1' });
    expect(await server.json('GET /auth/mine.json')).toBe(1);
    expect(await server.json('GET /auth.json')).toEqual({ mine: 1 });
  });
});

describe('a method', () => {
  test('is named by a header or in the query string of a POST', async () => {
    const override = { 'x-http-method-override': 'PATCH' };
    expect(await server.json('POST /over.json', { raw: '{"a":1}', headers: override })).toEqual({ a: 1 });
    expect(await server.json('POST /over.json?x-http-method-override=PUT', { raw: '{"b":1}' })).toEqual({ b: 1 });
    expect(await server.json('POST /over.json?X-HTTP-Method-Override=PATCH', { raw: '{"c":1}' })).toEqual({ c: 1 });
    expect(await server.json('GET /over.json')).toEqual({ b: 1, c: 1 });
    expect(await server.json('POST /over.json', { headers: { 'x-http-method-override': 'delete' } })).toBeNull();
    expect((await server.call('POST /over.json', { headers: { 'x-http-method-override': 'BREW' } })).status).toBe(405);
  });
});
