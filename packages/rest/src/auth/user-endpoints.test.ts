import type { Device, SignedIn, User, UserPage } from '@backside/auth';
import { beforeEach, describe, expect, test } from 'vitest';
import { adminToken, ask, PASSWORD, signUp, startServer, type TestServer } from '../testing/rest-fixture.js';

let server: TestServer;
let token: string;

beforeEach(async () => {
  server = await startServer();
  token = await adminToken(server);
});

describe('accounts in the hands of admins', () => {
  test('are made, found, changed and deleted', async () => {
    const made = await ask<User>(server, 'POST /auth/users', {
      token,
      body: { uid: 'ann', username: 'ann', password: PASSWORD, claims: { team: 'red' } },
    });
    expect(made).toMatchObject({ status: 201, json: { uid: 'ann', username: 'ann', claims: { team: 'red' } } });
    expect(await ask(server, 'GET /auth/users/ann', { token })).toMatchObject({ json: { uid: 'ann' } });
    expect(await ask(server, 'GET /auth/users?login=ANN', { token })).toMatchObject({
      json: { users: [{ uid: 'ann' }] },
    });
    const body = { claims: null, displayName: 'Ann' };
    expect(await ask(server, 'PATCH /auth/users/ann', { token, body })).toMatchObject({
      json: { claims: {}, displayName: 'Ann', username: 'ann' },
    });
    expect(await ask(server, 'DELETE /auth/users/ann', { token })).toMatchObject({ status: 204 });
    expect(await ask(server, 'GET /auth/users/ann', { token })).toMatchObject({ status: 404 });
  });

  test('are listed page by page, each once', async () => {
    for (const uid of ['a', 'b', 'c', 'd'])
      await ask(server, 'POST /auth/users', { token, body: { uid, username: `user-${uid}` } });
    const seen: string[] = [];
    let after: string | null = '';
    for (let page = 0; after !== null && page < 10; page += 1) {
      const line: string = `GET /auth/users?limit=2${after && `&after=${encodeURIComponent(after)}`}`;
      const { json }: { json: UserPage } = await ask<UserPage>(server, line, { token });
      expect(json.users.length).toBeLessThanOrEqual(2);
      seen.push(...json.users.map(({ uid }) => uid));
      after = json.next;
    }
    expect(seen).toHaveLength(5);
    expect(seen.filter((uid) => uid.length === 1).sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  test('are disabled with effect on tokens that are out', async () => {
    const ann = await signUp(server);
    const line = `PATCH /auth/users/${ann.user.uid}`;
    expect(await ask(server, line, { token, body: { disabled: true } })).toMatchObject({ status: 200 });
    expect(await ask(server, 'GET /auth/me', { token: ann.accessToken })).toMatchObject({ status: 401 });
    expect(await ask(server, 'POST /auth/refresh', { body: { refreshToken: ann.refreshToken } })).toMatchObject({
      status: 401,
    });
  });

  test('become admins, and cease to be, with effect on tokens that are out', async () => {
    const ann = await signUp(server);
    const line = `PATCH /auth/users/${ann.user.uid}`;
    expect(await ask(server, 'GET /auth/users', { token: ann.accessToken })).toMatchObject({ status: 403 });
    await ask(server, line, { token, body: { admin: true } });
    expect(await ask(server, 'GET /auth/users', { token: ann.accessToken })).toMatchObject({ status: 200 });
    await ask(server, line, { token, body: { admin: false } });
    expect(await ask(server, 'GET /auth/users', { token: ann.accessToken })).toMatchObject({ status: 403 });
  });

  test('get a token that sets a new password', async () => {
    const ann = await signUp(server);
    const reset = await ask<{ token: string }>(server, `POST /auth/users/${ann.user.uid}/reset`, { token, body: {} });
    expect(reset.status).toBe(200);
    const body = { token: reset.json.token, password: 'another good password' };
    expect(await ask(server, 'POST /auth/reset', { body })).toMatchObject({ status: 204 });
    const login = { login: 'ann@example.com', password: 'another good password' };
    expect(await ask(server, 'POST /auth/login', { body: login })).toMatchObject({ status: 200 });
    expect(await ask(server, 'POST /auth/reset', { body })).toMatchObject({
      status: 410,
      json: { error: { code: 'expired' } },
    });
  });

  test('have their sessions listed and ended', async () => {
    const ann = await signUp(server);
    const path = `/auth/users/${ann.user.uid}/sessions`;
    expect(await ask(server, `GET ${path}`, { token })).toMatchObject({ json: { sessions: [{ id: ann.session.id }] } });
    expect(await ask(server, `DELETE ${path}/${ann.session.id}`, { token })).toMatchObject({ status: 204 });
    expect(await ask(server, 'GET /auth/me', { token: ann.accessToken })).toMatchObject({ status: 401 });
  });

  test('are acted for with an issued token', async () => {
    const { json, status } = await ask<SignedIn>(server, 'POST /auth/users/robot/token', {
      token,
      body: { claims: { a: 1 } },
    });
    expect(status).toBe(201);
    expect(await ask(server, 'GET /auth/me', { token: json.accessToken })).toMatchObject({ json: { uid: 'robot' } });
  });
});

describe('devices', () => {
  test('get a key and a secret, are listed without it, and are revoked', async () => {
    const made = await ask<{ device: Device; secret: string }>(server, 'POST /auth/devices', {
      token,
      body: { label: 'thermometer', claims: { room: 'cellar' } },
    });
    expect(made.status).toBe(201);
    const { device, secret } = made.json;
    const listed = await ask(server, 'GET /auth/devices', { token });
    expect(listed.json).toMatchObject({ devices: [{ key: device.key, label: 'thermometer' }], next: null });
    expect(listed.text).not.toContain(secret);
    const credentials = { login: device.key, passcode: secret, database: 'main', remoteAddress: '127.0.0.1' };
    expect(await server.main.auth.authenticate(credentials)).toMatchObject({
      kind: 'user',
      claims: { room: 'cellar' },
    });
    expect(await ask(server, `DELETE /auth/devices/${device.key}`, { token })).toMatchObject({ status: 204 });
    await expect(server.main.auth.authenticate(credentials)).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

const FOR_ADMINS = [
  'GET /auth/users',
  'POST /auth/users',
  'GET /auth/users/x',
  'PATCH /auth/users/x',
  'DELETE /auth/users/x',
  'POST /auth/users/x/reset',
  'GET /auth/users/x/sessions',
  'DELETE /auth/users/x/sessions',
  'DELETE /auth/users/x/sessions/y',
  'POST /auth/users/x/token',
  'GET /auth/devices',
  'POST /auth/devices',
  'DELETE /auth/devices/x',
  'GET /auth/audit',
  'POST /auth/keys/rotate',
];

describe('what only admins may do', () => {
  test('is refused to others', async () => {
    const ann = await signUp(server);
    for (const line of FOR_ADMINS) {
      expect([line, (await ask(server, line)).status]).toEqual([line, 401]);
      expect([line, (await ask(server, line, { token: ann.accessToken })).status]).toEqual([line, 403]);
    }
  });

  test('the audit log tells what happened, without secrets', async () => {
    await ask(server, 'POST /auth/login', { body: { login: 'root', password: 'not the password' } });
    const { json, text } = await ask<{ events: unknown[] }>(server, 'GET /auth/audit?limit=5', { token });
    expect(json.events.length).toBeGreaterThan(0);
    expect(json.events).toContainEqual(expect.objectContaining({ type: 'sign-in', outcome: 'failure' }));
    expect(text).not.toContain('not the password');
  });

  test('new signing keys void old tokens only if they must be in force at once', async () => {
    expect(await ask(server, 'POST /auth/keys/rotate', { token, body: {} })).toMatchObject({ status: 204 });
    expect(await ask(server, 'GET /auth/me', { token })).toMatchObject({ status: 200 });
    expect(await ask(server, 'POST /auth/keys/rotate', { token, body: { immediately: true } })).toMatchObject({
      status: 204,
    });
    expect(await ask(server, 'GET /auth/me', { token })).toMatchObject({ status: 401 });
  });

  test('a page of no size that makes sense is refused', async () => {
    for (const limit of ['0', '-1', '1001', 'x', '1e2', '']) {
      expect(await ask(server, `GET /auth/users?limit=${limit}`, { token })).toMatchObject({ status: 400 });
    }
  });
});
