import { gzipSync } from 'node:zlib';
import type { Session } from '@backside/auth';
import { describe, expect, test } from 'vitest';
import { ask, askRaw, PASSWORD, type Refused, signUp, startServer, type TestServer } from './testing/rest-fixture.js';

const LOGIN = { login: 'ann@example.com', password: PASSWORD };

describe('every answer', () => {
  test.each(['GET /auth/ways', 'GET /auth/me', 'GET /nowhere', 'POST /auth/login'])(
    'to %s is kept by no cache, guessed at by no browser and shown in no frame',
    async (line) => {
      const { headers } = await ask(await startServer(), line);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('strict-transport-security')).toBeNull();
    },
  );

  test('demands https for good where the public URL has it', async () => {
    const server = await startServer({ rest: { publicUrl: new URL('https://data.example.com') } });
    const { headers } = await ask(server, 'GET /auth/ways');
    expect(headers.get('strict-transport-security')).toMatch(/^max-age=\d{8}$/);
  });
});

describe('requests that are refused', () => {
  test.each([
    ['an unknown path', 'GET /auth/nothing', {}, 404, 'not-found'],
    ['an unknown method', 'PUT /auth/login', { body: LOGIN }, 404, 'not-found'],
    ['a path that cannot be decoded', 'DELETE /auth/sessions/%zz', {}, 400, 'invalid-path'],
    [
      'a form',
      'POST /auth/login',
      { raw: 'login=a', headers: form('application/x-www-form-urlencoded') },
      400,
      'invalid-data',
    ],
    [
      'JSON that says it is text',
      'POST /auth/login',
      { raw: JSON.stringify(LOGIN), headers: form('text/plain') },
      400,
      'invalid-data',
    ],
    ['no body', 'POST /auth/login', {}, 400, 'invalid-data'],
    ['half a body', 'POST /auth/login', { raw: '{"login":', headers: form('application/json') }, 400, 'invalid-data'],
    ['a list', 'POST /auth/login', { body: [LOGIN] }, 400, 'invalid-data'],
    ['more than 64 KB', 'POST /auth/login', { body: { ...LOGIN, x: 'x'.repeat(65_536) } }, 413, 'too-large'],
    [
      'a compressed body',
      'POST /auth/login',
      { raw: Uint8Array.from(gzipSync('{}')), headers: { 'content-encoding': 'gzip', ...form('application/json') } },
      400,
      'invalid-data',
    ],
    ['two databases', 'POST /auth/login?ns=main&ns=main', { body: LOGIN }, 404, 'not-found'],
    ['a private database', 'POST /auth/login?ns=main.private', { body: LOGIN }, 404, 'not-found'],
    ['Basic authentication', 'GET /auth/me', { headers: { authorization: 'Basic YTpi' } }, 401, 'unauthenticated'],
    [
      'two tokens in one header',
      'GET /auth/me',
      { headers: { authorization: 'Bearer a, Bearer b' } },
      401,
      'unauthenticated',
    ],
  ])('%s', async (_what, line, options, status, code) => {
    const server = await startServer();
    const answer = await ask(server, line, options);
    expect(answer).toMatchObject({ status, json: { error: { code, message: expect.any(String) } } });
    expect(await ask(server, 'GET /auth/ways')).toMatchObject({ status: 200 });
  });

  test('by a failure of the server show a trace that the log has, and no text', async () => {
    const findTrace = (): never => {
      throw new Error('the secret is in /etc/x');
    };
    const server = await startServer({ rest: { development: true, findTrace } });
    const answer = await ask<Refused>(server, 'GET /.explain/node-a.0123456789abcdef');
    expect(answer).toMatchObject({ status: 500, json: { error: { code: 'internal', message: 'Internal error' } } });
    expect(answer.text).not.toContain('secret');
    expect(server.log.lines.find((line) => line.includes(answer.json.error.trace!))).toContain(
      'the secret is in /etc/x',
    );
  });
});

function form(type: string): Record<string, string> {
  return { 'content-type': type };
}

describe('pages of other origins', () => {
  const origin = 'https://app.example.com';

  test('that are allowed may call, with a token and never with cookies', async () => {
    const server = await startServer({ rest: { allowedOrigins: [origin] } });
    const preflight = await ask(server, 'OPTIONS /auth/login', {
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(origin);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
    await signUp(server);
    const answer = await ask(server, 'POST /auth/login', { body: LOGIN, headers: { origin } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
  });

  test.each(['https://evil.example', 'https://app.example.com.evil.example', 'http://app.example.com', 'null'])(
    'may not if they are %s',
    async (foreign) => {
      const server = await startServer({ rest: { allowedOrigins: [origin] } });
      await signUp(server);
      const headers = { origin: foreign };
      const preflight = await ask(server, 'OPTIONS /auth/login', { headers });
      expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
      const answer = await ask(server, 'POST /auth/login', { body: LOGIN, headers });
      expect(answer).toMatchObject({ status: 403, json: { error: { code: 'permission-denied' } } });
      const read = await ask(server, 'GET /auth/ways', { headers });
      expect(read.headers.get('access-control-allow-origin')).toBeNull();
    },
  );

  test('are this server’s own if they have its public origin', async () => {
    const server = await startServer();
    await signUp(server);
    const answer = await ask(server, 'POST /auth/login', { body: LOGIN, headers: { origin: server.url } });
    expect(answer.status).toBe(200);
  });
});

describe('the address of a client', () => {
  async function addressSeen(server: TestServer, forwardedFor: string): Promise<string> {
    const headers = { 'x-forwarded-for': forwardedFor, 'x-real-ip': '9.9.9.9', forwarded: 'for=8.8.8.8' };
    const { status, json } = await ask<{ session: Session }>(server, 'POST /auth/anonymous', { body: {}, headers });
    expect(status).toBe(201);
    return json.session.address;
  }

  test('is that of the connection, whatever headers say', async () => {
    expect(await addressSeen(await startServer(), '1.2.3.4')).toBe('127.0.0.1');
  });

  test('is told by trusted proxies, who cannot be made to tell another', async () => {
    const server = await startServer({ rest: { trustedProxies: ['127.0.0.1', '10.0.0.0/8'] } });
    expect(await addressSeen(server, '1.2.3.4')).toBe('1.2.3.4');
    expect(await addressSeen(server, '6.6.6.6, 1.2.3.4')).toBe('1.2.3.4');
    expect(await addressSeen(server, '6.6.6.6, 1.2.3.4, 10.1.2.3')).toBe('1.2.3.4');
    expect(await addressSeen(server, '2001:db8::1')).toBe('2001:db8::1');
  });

  test('is that of the proxy if what the proxy says is no address', async () => {
    const server = await startServer({ rest: { trustedProxies: ['127.0.0.1'] } });
    expect(await addressSeen(server, 'localhost')).toBe('127.0.0.1');
    expect(await addressSeen(server, '<script>')).toBe('127.0.0.1');
  });
});

describe('the database of a request', () => {
  test('is named by the query, else by the host, else the first', async () => {
    const server = await startServer({ databases: ['main', 'shop'] });
    const login = { body: { login: 'ann', password: PASSWORD } };
    await server.tenants.get('shop')!.auth.users.create({ kind: 'admin' }, { username: 'ann', password: PASSWORD });
    expect(await askRaw(server, 'POST /auth/login?ns=shop', login)).toBe(200);
    expect(await askRaw(server, 'POST /auth/login', { ...login, headers: { host: 'SHOP.example.com:443' } })).toBe(200);
    expect(await askRaw(server, 'POST /auth/login?ns=main', { ...login, headers: { host: 'shop.example.com' } })).toBe(
      401,
    );
    expect(await askRaw(server, 'POST /auth/login', { ...login, headers: { host: 'other.example.com' } })).toBe(401);
  });
});

describe('the operator of the machine', () => {
  test('is an admin without a token, on a handler of its own only', async () => {
    const operator = await startServer({ rest: { operator: true } });
    expect(await ask(operator, 'GET /auth/users')).toMatchObject({ status: 200 });
    expect(await ask(operator, 'GET /.settings/rules.json')).toMatchObject({ status: 200 });
    expect(await ask(operator, 'GET /auth/me')).toMatchObject({ status: 401 });
    const open = await startServer();
    expect(await ask(open, 'GET /auth/users')).toMatchObject({ status: 401 });
  });
});
