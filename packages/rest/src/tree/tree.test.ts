import { request as httpRequest } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { ADMIN } from '@backside/protocol';
import { hashNode, nodeFromJson, parsePath } from '@backside/tree';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Ask, adminToken, ask, openServer, type TestServer } from '../testing/rest-fixture.js';

const RULES = JSON.stringify({
  rules: {
    '.read': true,
    '.write': true,
    people: { '.indexOn': ['age'] },
    short: { '.indexOn': '.value' },
  },
});

let server: TestServer;
let admin: string;

beforeAll(async () => {
  server = await openServer({
    databases: ['main', 'other'],
    rest: { allowedOrigins: '*', tree: { maxBodyBytes: 65_536 } },
  });
  for (const { rules } of server.tenants.values()) await rules.put(RULES, null);
  admin = await adminToken(server);
});

afterAll(() => server.stop());

function put(path: string, value: unknown): Promise<unknown> {
  return server.main.database.write({
    principal: ADMIN,
    steps: [{ method: 'set', path: parsePath(path), value }],
  });
}

function call(line: string, options?: Ask): ReturnType<typeof ask<unknown>> {
  return ask<unknown>(server, line, options);
}

async function json(line: string, options?: Ask): Promise<unknown> {
  return (await call(line, options)).json;
}

describe('a node', () => {
  test('is read, replaced, merged, added to and removed', async () => {
    expect(await json('GET /users/bob.json')).toBeNull();
    expect(await json('PUT /users/bob.json', { raw: '{"age": 74}' })).toEqual({ age: 74 });
    expect(await json('PATCH /users/bob.json', { raw: '{"name/last": "B"}' })).toEqual({ 'name/last': 'B' });
    expect(await json('GET /users.json')).toEqual({ bob: { age: 74, name: { last: 'B' } } });
    expect(await json('GET /users/bob/age.json')).toBe(74);
    const { name } = (await json('POST /users/bob/tags.json', { raw: '"x"' })) as { name: string };
    expect(name).toMatch(/^[-\w]{20}$/);
    expect(await json(`GET /users/bob/tags/${name}.json`)).toBe('x');
    expect(await json('DELETE /users/bob.json')).toBeNull();
    expect(await json('GET /users.json')).toBeNull();
  });

  test('has its keys decoded one by one', async () => {
    await put('/odd/é ü/100%', 1);
    expect(await json('GET /odd/%C3%A9%20%C3%BC/100%25.json')).toBe(1);
    expect(await json('GET /odd/.json')).toEqual({ 'é ü': { '100%': 1 } });
  });

  test.each([
    ['a key with a slash', '/odd/a%2Fb.json'],
    ['broken encoding', '/odd/%C3.json'],
    ['half an escape', '/odd/%4.json'],
    ['a forbidden character', '/odd/a%23b.json'],
    ['an empty key', '/odd//b.json'],
    ['a key with a dot', '/a.b.json'],
  ])('is refused with %s', async (_what, path) => {
    const { status, json } = await call(`GET ${path}`);
    expect({ status, json }).toEqual({ status: 400, json: { error: expect.stringMatching(/^Invalid path: /) } });
  });

  test('may be written as any type of body', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json']) {
      expect(await json('PUT /typed.json', { raw: '{"a":1}', headers: { 'content-type': type } })).toEqual({ a: 1 });
    }
  });

  test('shows server values as what they became', async () => {
    const before = Date.now();
    const { at } = (await json('PUT /sv.json', { raw: '{"at": {".sv": "timestamp"}, "n": 5}' })) as { at: number };
    expect(at).toBeGreaterThanOrEqual(before);
    expect(await json('PATCH /sv.json', { raw: '{"n": {".sv": {"increment": 2}}}' })).toEqual({ n: 7 });
    expect(await json('GET /sv.json')).toEqual({ at, n: 7 });
    expect((await call('PUT /sv.json', { raw: '{".sv": "nonsense"}' })).status).toBe(400);
  });

  test('has a priority, which only the export form shows', async () => {
    await json('PUT /prio.json', { raw: '{"a": {".value": 1, ".priority": "p"}, "0": true}' });
    expect(await json('GET /prio.json')).toEqual({ a: 1, '0': true });
    expect(await json('GET /prio.json?format=export')).toEqual({ a: { '.value': 1, '.priority': 'p' }, '0': true });
    expect(await json('PUT /prio/a/.priority.json', { raw: '3' })).toBe(3);
    expect(await json('GET /prio/a/.priority.json')).toBe(3);
    expect(await json('GET /prio/a.json?format=export')).toEqual({ '.value': 1, '.priority': 3 });
  });

  test('whose keys look like indexes is a list, but not in the export form', async () => {
    await put('/list', ['a', 'b']);
    expect(await json('GET /list.json')).toEqual(['a', 'b']);
    expect(await json('GET /list.json?format=export')).toEqual({ 0: 'a', 1: 'b' });
  });

  test('of another database is named by ns', async () => {
    await json('PUT /where.json?ns=other', { raw: '"other"' });
    expect(await json('GET /where.json')).toBeNull();
    expect(await json('GET /where.json?ns=other')).toBe('other');
    expect(await call('GET /where.json?ns=nowhere')).toMatchObject({ status: 404 });
  });

  test('below /auth can be had, where nothing else stands there', async () => {
    await json('PUT /auth/mine.json', { raw: '1' });
    expect(await json('GET /auth/mine.json')).toBe(1);
    expect(await json('GET /auth.json')).toEqual({ mine: 1 });
  });
});

describe('what is no write', () => {
  const NOT_JSON = "Invalid data; couldn't parse JSON object, array, or value.";
  test.each([
    ['nothing', '', NOT_JSON],
    ['broken JSON', '{"a":', NOT_JSON],
    ['bytes that are no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), NOT_JSON],
    ['a key with a dot', '{"a.b": 1}', expect.stringContaining('character')],
    ['a value beside children', '{".value": 1, "b": 1}', expect.stringContaining('beside children')],
  ])('%s', async (_what, raw, error) => {
    const { status, json } = await call('PUT /bad.json', { raw });
    expect({ status, json }).toEqual({ status: 400, json: { error } });
  });

  test('a merge that is no object, or whose keys overlap', async () => {
    expect((await call('PATCH /bad.json', { raw: '1' })).status).toBe(400);
    expect((await call('PATCH /bad.json', { raw: '{"a": 1, "a/b": 2}' })).status).toBe(400);
  });

  test('more than the server takes, by its declared length or once it is seen', async () => {
    const large = JSON.stringify('x'.repeat(65_536));
    expect(await call('PUT /bad.json', { raw: large })).toMatchObject({
      status: 413,
      json: { error: expect.stringContaining('maximum size') },
    });
    expect(await sendSlowly(large)).toBe(413);
    expect(await json('GET /bad.json')).toBeNull();
  });

  test('more than the request says itself', async () => {
    const { status } = await call('PUT /bad.json?writeSizeLimit=tiny', { raw: '1' });
    expect(status).toBe(200);
    expect((await call('PUT /bad.json?writeSizeLimit=huge', { raw: '1' })).status).toBe(400);
  });

  test('a compressed body', async () => {
    expect((await call('PUT /bad.json', { raw: '1', headers: { 'content-encoding': 'gzip' } })).status).toBe(400);
  });

  test('another method', async () => {
    expect(await call('PROPFIND /bad.json')).toMatchObject({ status: 405, json: { error: 'Method not allowed' } });
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

describe('an answer', () => {
  test('is indented, or silent', async () => {
    await put('/shown', { a: { b: 'x"y,{' }, c: [1, 2] });
    const { text } = await call('GET /shown.json?print=pretty');
    expect(text).toBe(JSON.stringify({ a: { b: 'x"y,{' }, c: [1, 2] }, null, 2));
    expect((await call('PUT /shown/d.json?print=pretty', { raw: '{"e":1}' })).text).toBe('{\n  "e": 1\n}');
    for (const line of ['GET /shown.json?print=silent', 'DELETE /shown/d.json?print=silent']) {
      expect(await call(line)).toMatchObject({ status: 204, text: '' });
    }
    expect(await call('PUT /shown/d.json?print=silent', { raw: '1' })).toMatchObject({ status: 204, text: '' });
    expect((await call('GET /shown.json?print=loud')).status).toBe(400);
  });

  test('is called by a function', async () => {
    await put('/shown', { a: 1 });
    const { text, headers } = await call('GET /shown.json?callback=app.got');
    expect(text).toBe('/**/app.got({"a":1});');
    expect(headers.get('content-type')).toContain('text/javascript');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect((await call('GET /shown.json?callback=alert(1)//')).status).toBe(400);
  });

  test('is a file', async () => {
    const { headers } = await call('GET /shown.json?download=a%22b%0d%0a%C3%BC.json');
    expect(headers.get('content-disposition')).toBe(
      `attachment; filename="a_b___.json"; filename*=UTF-8''a%22b%0D%0A%C3%BC.json`,
    );
  });

  test('to HEAD has no body', async () => {
    await put('/shown', 'four');
    const { status, text, headers } = await call('HEAD /shown.json');
    expect({ status, text, length: headers.get('content-length') }).toEqual({ status: 200, text: '', length: '6' });
  });

  test('is compressed if it is worth it and the client takes it', async () => {
    await put('/shown', { text: 'x'.repeat(5_000) });
    expect(await encodingOf('gzip')).toBe('gzip');
    expect(await encodingOf('br')).toBe('br');
    expect(await encodingOf('identity')).toBeUndefined();
    await put('/shown', 'short');
    expect(await encodingOf('gzip')).toBeUndefined();
  });

  test('keeps to its timeout', async () => {
    expect((await call('GET /shown.json?timeout=3s')).status).toBe(200);
    for (const timeout of ['16min', '3h', '0s', '']) {
      expect((await call(`GET /shown.json?timeout=${timeout}`)).status).toBe(400);
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

describe('a method', () => {
  test('is named by a header or in the query string of a POST', async () => {
    const override = { 'x-http-method-override': 'PATCH' };
    expect(await json('POST /over.json', { raw: '{"a":1}', headers: override })).toEqual({ a: 1 });
    expect(await json('POST /over.json?x-http-method-override=PUT', { raw: '{"b":1}' })).toEqual({ b: 1 });
    expect(await json('POST /over.json', { headers: { 'x-http-method-override': 'delete' } })).toBeNull();
    expect((await call('POST /over.json', { headers: { 'x-http-method-override': 'BREW' } })).status).toBe(405);
  });
});

describe('an ETag', () => {
  const asked = { 'x-firebase-etag': 'true' };
  const etagOf = (value: unknown): string => hashNode(nodeFromJson(value));

  test('is told when it is asked for', async () => {
    await put('/tagged', { a: 1 });
    expect((await call('GET /tagged.json')).headers.get('etag')).toBeNull();
    expect((await call('GET /tagged.json', { headers: asked })).headers.get('etag')).toBe(etagOf({ a: 1 }));
    expect((await call('GET /tagged/b.json', { headers: asked })).headers.get('etag')).toBe('null_etag');
  });

  test('decides whether a write is made, which tells the new one', async () => {
    await put('/tagged', 1);
    const stale = await call('PUT /tagged.json', { raw: '2', headers: { 'if-match': etagOf(0) } });
    expect({ status: stale.status, json: stale.json, etag: stale.headers.get('etag') }).toEqual({
      status: 412,
      json: 1,
      etag: etagOf(1),
    });
    const made = await call('PUT /tagged.json', { raw: '2', headers: { 'if-match': etagOf(1) } });
    expect({ status: made.status, etag: made.headers.get('etag') }).toEqual({ status: 200, etag: etagOf(2) });
    const removed = await call('DELETE /tagged.json', { headers: { 'if-match': `"${etagOf(2)}"` } });
    expect({ status: removed.status, etag: removed.headers.get('etag') }).toEqual({ status: 200, etag: 'null_etag' });
    const created = await call('PUT /tagged.json', { raw: '3', headers: { 'if-match': 'null_etag' } });
    expect(created.status).toBe(200);
    expect((await call('PUT /tagged.json', { raw: '4', headers: { 'if-match': 'null_etag' } })).status).toBe(412);
  });

  test('saves an answer that is known', async () => {
    await put('/tagged', { b: 2 });
    const known = await call('GET /tagged.json', { headers: { 'if-none-match': etagOf({ b: 2 }) } });
    expect({ status: known.status, text: known.text }).toEqual({ status: 304, text: '' });
    const changed = await call('GET /tagged.json', { headers: { 'if-none-match': etagOf(0) } });
    expect({ status: changed.status, etag: changed.headers.get('etag') }).toEqual({
      status: 200,
      etag: etagOf({ b: 2 }),
    });
  });

  test('goes with whole nodes only', async () => {
    for (const query of ['shallow=true', 'orderBy="$key"&limitToFirst=1']) {
      expect((await call(`GET /tagged.json?${query}`, { headers: asked })).status).toBe(400);
    }
  });
});

describe('a query', () => {
  const PEOPLE = { ann: { age: 30 }, bob: { age: 74 }, cy: { age: 50 }, dee: { name: 'D' } };

  test.each([
    ['orderBy="age"&startAt=50', ['bob', 'cy']],
    ['orderBy="age"&startAfter=50', ['bob']],
    ['orderBy="age"&endAt=50', ['ann', 'cy', 'dee']],
    ['orderBy="age"&endBefore=50', ['ann', 'dee']],
    ['orderBy="age"&equalTo=30', ['ann']],
    ['orderBy="age"&equalTo=null', ['dee']],
    ['orderBy="age"&startAt=50,"cy"&limitToFirst=1', ['cy']],
    ['orderBy="age"&limitToLast=2', ['bob', 'cy']],
    ['orderBy="$key"&startAt="b"&endAt="c"', ['bob']],
    ['orderBy="$key"&limitToFirst=2', ['ann', 'bob']],
    ['orderBy="$priority"&limitToFirst=1', ['ann']],
    ['orderBy="age"', ['ann', 'bob', 'cy', 'dee']],
  ])('%s', async (query, keys) => {
    await put('/people', PEOPLE);
    const { status, json } = await call(`GET /people.json?${encodeURI(query)}`);
    expect(status).toBe(200);
    expect(Object.keys(json as object).sort()).toEqual(keys);
  });

  test.each([
    ['limitToFirst=1', 'orderBy must be defined when other query parameters are defined'],
    ['orderBy=age', 'orderBy must be a valid JSON encoded path'],
    ['orderBy=5', 'orderBy must be a valid JSON encoded path'],
    ['orderBy="age"&limitToFirst=1&limitToLast=1', 'limitToFirst and limitToLast cannot be used together'],
    ['orderBy="age"&limitToFirst=x', 'limitToFirst must be a positive integer'],
    ['orderBy="age"&startAt=x', 'startAt must be valid JSON'],
    ['orderBy="age"&startAt=1&startAt=2', 'startAt was given more than once'],
    ['orderBy="height"&startAt=1', 'Index not defined, add ".indexOn": "height", for path "/people", to the rules'],
    ['orderBy="$value"&startAt=1', 'Index not defined, add ".indexOn": ".value", for path "/people", to the rules'],
  ])('%s is refused', async (query, error) => {
    await put('/people', PEOPLE);
    const { status, json } = await call(`GET /people.json?${encodeURI(query)}`);
    expect({ status, json }).toEqual({ status: 400, json: { error } });
  });

  test('that is shallow has the keys, all or as many as wanted', async () => {
    await put('/people', { ...PEOPLE, 'k"ey': { '.value': 1, '.priority': 2 } });
    const keys = async (query: string): Promise<unknown> => json(`GET /people.json?shallow=true${query}`);
    expect(await keys('')).toEqual({ ann: true, bob: true, cy: true, dee: true, 'k"ey': true });
    expect(await keys('&limitToFirst=2')).toEqual({ ann: true, bob: true });
    expect(await keys('&limitToFirst=2&startAfter=bob&timeout=3s')).toEqual({ cy: true, dee: true });
    expect(await keys('&limitToFirst=1&startAfter="bob"')).toEqual({ cy: true });
    expect(await json('GET /people/ann/age.json?shallow=true')).toBe(30);
    expect(await json('GET /people/k%22ey.json?shallow=true')).toBe(1);
    expect(await json('GET /people/nobody.json?shallow=true')).toBeNull();
    expect((await call('GET /people.json?shallow=true&orderBy="age"')).status).toBe(400);
  });
});

describe('rights', () => {
  test('are decided for whoever the token says, from wherever it comes', async () => {
    const rules = { rules: { mine: { '.read': 'auth.uid == "u1"', '.write': 'auth.token.role == "w"' } } };
    const { main } = server;
    await main.rules.put(JSON.stringify(rules), null);
    try {
      expect(await call('GET /mine.json')).toMatchObject({ status: 401, json: { error: 'Permission denied' } });
      expect(await call('PUT /mine.json', { raw: '1' })).toMatchObject({ status: 401 });
      for (const query of [`auth=${admin}`, `access_token=${admin}`]) {
        expect(await call(`PUT /mine.json?${query}`, { raw: '1' })).toMatchObject({ status: 200 });
      }
      expect(await call('GET /mine.json', { token: admin })).toMatchObject({ status: 200 });
      const as = (auth: unknown): string => `auth_variable_override=${encodeURIComponent(JSON.stringify(auth))}`;
      expect(await call(`GET /mine.json?${as({ uid: 'u1' })}`, { token: admin })).toMatchObject({ status: 200 });
      expect(await call(`GET /mine.json?${as({ uid: 'u2' })}`, { token: admin })).toMatchObject({ status: 401 });
      expect(await call(`GET /mine.json?${as(null)}`, { token: admin })).toMatchObject({ status: 401 });
      expect(await call(`GET /mine.json?${as({ uid: 'u1' })}`)).toMatchObject({ status: 401 });
      const writer = as({ uid: 'u3', token: { role: 'w' } });
      expect(await call(`PUT /mine.json?${writer}`, { token: admin, raw: '2' })).toMatchObject({ status: 200 });
    } finally {
      await main.rules.put(RULES, null);
    }
  });

  test('name their explanation', async () => {
    await server.main.rules.put('{"rules": {}}', null);
    const { headers } = await call('GET /mine.json');
    await server.main.rules.put(RULES, null);
    expect(headers.get('code')).toBe('permission-denied');
    expect(server.traces.find(headers.get('trace')!)).toMatchObject({ path: '/mine' });
  });

  test.each([
    ['nonsense', 'Could not parse auth token.'],
    [`a.${claims({ exp: 1 })}.c`, 'Auth token is expired'],
    [`a.${claims({ exp: 9e9 })}.c`, 'Unauthorized request.'],
  ])('are nobody’s with the token %s', async (token, error) => {
    expect(await call(`GET /mine.json?auth=${token}`)).toMatchObject({ status: 401, json: { error } });
  });
});

function claims(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

describe('pages of other origins', () => {
  test('are told that they may call', async () => {
    const origin = 'https://app.example.com';
    const asked = { origin, 'access-control-request-method': 'PUT' };
    const preflight = await call('OPTIONS /users.json', { headers: asked });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PATCH');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('x-firebase-etag');
    const { headers } = await call('GET /users.json', { headers: { origin } });
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-expose-headers')).toContain('etag');
  });

  test('write nothing unless they are allowed', async () => {
    const closed = await openServer();
    await closed.main.rules.put(RULES, null);
    const headers = { origin: 'https://evil.example' };
    expect(await ask(closed, 'PUT /a.json', { raw: '1', headers })).toMatchObject({ status: 403 });
    expect((await ask(closed, 'GET /a.json', { headers })).headers.get('access-control-allow-origin')).toBeNull();
    expect(await ask<unknown>(closed, 'GET /a.json')).toMatchObject({ status: 200, json: null });
    await closed.stop();
  });
});

test('a body of any length is an admin’s to write, in pieces', async () => {
  const big = Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`k${i}`, { text: 'y'.repeat(1_000), i }]));
  const body = JSON.stringify({ '.priority': 7, nested: big, last: [1, 2] });
  const { status, text } = await call('PUT /import.json?writeSizeLimit=unlimited&print=silent', {
    raw: body,
    token: admin,
  });
  expect({ status, text }).toEqual({ status: 204, text: '' });
  expect(await json('GET /import.json?format=export')).toEqual({
    nested: big,
    last: { 0: 1, 1: 2 },
    '.priority': 7,
  });
  expect(await call('PUT /import.json?writeSizeLimit=unlimited', { raw: body })).toMatchObject({ status: 413 });
});
