import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminToken, ask, openServer } from '../testing/rest-fixture.js';
import { OPEN_RULES, openTreeServer, type TreeServer } from '../testing/tree-server.js';

let admin: string;
let server: TreeServer;

beforeAll(async () => {
  server = await openTreeServer({ allowedOrigins: '*' });
  admin = await adminToken(server);
});

afterAll(() => server.stop());

describe('rights', () => {
  test('are decided for whoever the token says, from wherever it comes', async () => {
    const rules = { rules: { mine: { '.read': 'auth.uid == "u1"', '.write': 'auth.token.role == "w"' } } };
    const { main } = server;
    await main.rules.put(JSON.stringify(rules), null);
    try {
      expect(await server.call('GET /mine.json')).toMatchObject({ status: 401, json: { error: 'Permission denied' } });
      expect(await server.call('PUT /mine.json', { raw: '1' })).toMatchObject({ status: 401 });
      for (const query of [`auth=${admin}`, `access_token=${admin}`]) {
        expect(await server.call(`PUT /mine.json?${query}`, { raw: '1' })).toMatchObject({ status: 200 });
      }
      expect(await server.call('GET /mine.json', { token: admin })).toMatchObject({ status: 200 });
      expect(await server.call(`GET /mine.json?auth=&access_token=${admin}`)).toMatchObject({ status: 200 });
      expect(await server.call('GET /mine.json?auth=', { token: admin })).toMatchObject({ status: 200 });
      expect(await server.call('GET /mine.json?auth=&access_token=')).toMatchObject({ status: 401 });
      const as = (auth: unknown): string => `auth_variable_override=${encodeURIComponent(JSON.stringify(auth))}`;
      expect(await server.call(`GET /mine.json?${as({ uid: 'u1' })}`, { token: admin })).toMatchObject({ status: 200 });
      expect(await server.call(`GET /mine.json?${as({ uid: 'u2' })}`, { token: admin })).toMatchObject({ status: 401 });
      expect(await server.call(`GET /mine.json?${as(null)}`, { token: admin })).toMatchObject({ status: 401 });
      expect(await server.call(`GET /mine.json?${as({ uid: 'u1' })}`)).toMatchObject({ status: 401 });
      const writer = as({ uid: 'u3', token: { role: 'w' } });
      expect(await server.call(`PUT /mine.json?${writer}`, { token: admin, raw: '2' })).toMatchObject({ status: 200 });
    } finally {
      await main.rules.put(OPEN_RULES, null);
    }
  });

  test('name their explanation', async () => {
    await server.main.rules.put('{"rules": {}}', null);
    const { headers } = await server.call('GET /mine.json');
    await server.main.rules.put(OPEN_RULES, null);
    expect(headers.get('code')).toBe('permission-denied');
    expect(server.traces.find(headers.get('trace')!)).toMatchObject({ path: '/mine' });
  });

  test.each([
    ['nonsense', 'Could not parse auth token.'],
    [`a.${claims({ exp: 1 })}.c`, 'Auth token is expired'],
    [`a.${claims({ exp: 9e9 })}.c`, 'Unauthorized request.'],
  ])('are nobody’s with the token %s', async (token, error) => {
    expect(await server.call(`GET /mine.json?auth=${token}`)).toMatchObject({ status: 401, json: { error } });
  });
});

function claims(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

describe('pages of other origins', () => {
  test('are told that they may call', async () => {
    const origin = 'https://app.example.com';
    const asked = { origin, 'access-control-request-method': 'PUT' };
    const preflight = await server.call('OPTIONS /users.json', { headers: asked });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PATCH');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('x-firebase-etag');
    const { headers } = await server.call('GET /users.json', { headers: { origin } });
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-expose-headers')).toContain('etag');
  });

  test('write nothing unless they are allowed', async () => {
    const closed = await openServer();
    await closed.main.rules.put(OPEN_RULES, null);
    const headers = { origin: 'https://evil.example' };
    expect(await ask(closed, 'PUT /a.json', { raw: '1', headers })).toMatchObject({ status: 403 });
    expect((await ask(closed, 'GET /a.json', { headers })).headers.get('access-control-allow-origin')).toBeNull();
    expect(await ask<unknown>(closed, 'GET /a.json')).toMatchObject({ status: 200, json: null });
    await closed.stop();
  });
});
