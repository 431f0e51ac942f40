import { ADMIN } from '@backside/protocol';
import { parsePath } from '@backside/tree';
import { expect, test } from 'vitest';
import { type HeldRequest, holdOpen } from '../testing/held-request.js';
import { ask, PASSWORD, type Refused, signUp, startServer, type TestServer } from '../testing/rest-fixture.js';

const RULES = JSON.stringify({
  rules: {
    users: { $uid: { '.read': 'auth.uid == $uid', '.write': 'auth.uid == $uid' } },
    staff: { '.read': true, '.write': 'auth.token.staff == true' },
    open: { '.read': true, '.write': true },
  },
});

async function serverWithRules(): Promise<TestServer> {
  const server = await startServer();
  await server.main.rules.put(RULES, null);
  return server;
}

/** Somebody with an account, and a request of theirs of which most has come. */
async function annWrites(method = 'PUT') {
  const server = await serverWithRules();
  const ann = await signUp(server);
  const path = `/users/${ann.user.uid}`;
  const held = await holdOpen(server, `${method} ${path}.json`, { token: ann.accessToken, begin: '{"a":' });
  return { server, ann, held, uid: ann.user.uid, at: () => at(server, path) };
}

async function rootImports(query = '') {
  const server = await serverWithRules();
  const { uid } = await server.main.auth.users.create(ADMIN, { username: 'root', password: PASSWORD, admin: true });
  const login = { login: 'root', password: PASSWORD };
  const { json } = await ask<{ accessToken: string }>(server, 'POST /auth/login', { body: login });
  const held = await holdOpen(server, `PUT /open/big.json?writeSizeLimit=unlimited${query}`, {
    token: json.accessToken,
    begin: `{${members('a')}`,
  });
  await expect.poll(() => at(server, '/open/big/a0')).not.toBeNull();
  return { server, held, uid };
}

/** More than two commits have. */
function members(name: string): string {
  return Array.from({ length: 200 }, (_, i) => `"${name}${i}":"${'x'.repeat(1_000)}",`).join('');
}

function at({ main }: TestServer, path: string): unknown {
  return main.database.read(ADMIN, parsePath(path)).node;
}

async function expectRefused(held: HeldRequest, error: string): Promise<void> {
  const { status, text } = await held.finish('1}');
  expect({ status, json: JSON.parse(text) as Refused }).toEqual({ status: 401, json: { error } });
}

test.each(['PUT', 'PATCH', 'POST'])('a %s whose body arrives slowly is made while its sender may', async (method) => {
  const { held, at } = await annWrites(method);
  expect(await held.finish('1}')).toMatchObject({ status: 200 });
  expect(at()).not.toBeNull();
});

test.each(['PUT', 'PATCH', 'POST'])('a %s whose sender signs out before it has arrived is refused', async (method) => {
  const { server, ann, held, at } = await annWrites(method);
  await ask(server, 'POST /auth/logout', { body: { refreshToken: ann.refreshToken } });
  await expectRefused(held, 'Unauthorized request.');
  expect(at()).toBeNull();
});

test('a write of an account that is deleted before it has arrived is refused', async () => {
  const { server, held, uid, at } = await annWrites();
  await server.main.auth.users.delete(ADMIN, uid);
  await expectRefused(held, 'Unauthorized request.');
  expect(at()).toBeNull();
});

test('a write that has not arrived when the token expires is refused', async () => {
  const { server, ann, held, at } = await annWrites();
  server.clock.advance(ann.accessExpiresAt - server.clock.now());
  await expectRefused(held, 'Auth token is expired');
  expect(at()).toBeNull();
});

test('a write is decided by the claims that its sender has when it has arrived', async () => {
  const server = await serverWithRules();
  const { accessToken: token, user } = await signUp(server);
  const claim = (staff: boolean): Promise<unknown> =>
    server.main.auth.users.update(ADMIN, user.uid, { claims: { staff } });
  await claim(true);
  const before = await holdOpen(server, 'PUT /staff/a.json', { token, begin: '{"a":' });
  await claim(false);
  await expectRefused(before, 'Permission denied');
  const after = await holdOpen(server, 'PUT /staff/b.json', { token, begin: '{"a":' });
  await claim(true);
  expect(await after.finish('1}')).toMatchObject({ status: 200 });
});

test('an admin who acts as somebody else does so while being an admin', async () => {
  const server = await serverWithRules();
  const { accessToken: token, user } = await signUp(server);
  await server.main.auth.users.update(ADMIN, user.uid, { admin: true });
  const as = encodeURIComponent(JSON.stringify({ uid: 'eve' }));
  const line = `PUT /users/eve.json?auth_variable_override=${as}`;
  const allowed = await holdOpen(server, line, { token, begin: '{"a":' });
  expect(await allowed.finish('1}')).toMatchObject({ status: 200 });
  const refused = await holdOpen(server, line, { token, begin: '{"b":' });
  await server.main.auth.users.update(ADMIN, user.uid, { admin: false });
  await expectRefused(refused, 'Permission denied');
});

test('who is nobody goes on', async () => {
  const server = await serverWithRules();
  const held = await holdOpen(server, 'PUT /open/a.json', { begin: '{"a":' });
  expect(await held.finish('1}')).toMatchObject({ status: 200 });
});

test('an import goes on while its admin is one', async () => {
  const { server, held } = await rootImports('&print=silent');
  await held.send(members('b'));
  expect(await held.finish('"c":1}')).toMatchObject({ status: 204 });
  expect(at(server, '/open/big/c')).toBe(1);
});

test.each([
  ['signed out', { disabled: true }, 'Unauthorized request.'],
  ['an admin no more', { admin: false }, 'Permission denied'],
])('an import commits nothing more once its admin is %s', async (_what, change, error) => {
  const { server, held, uid } = await rootImports();
  await server.main.auth.users.update(ADMIN, uid, change);
  const { status, text } = await held.finish(`${members('b')}"c":1}`);
  expect(status).toBe(401);
  expect(text).toContain(error);
  expect(at(server, '/open/big/c')).toBeNull();
  expect(at(server, '/open/big/b199')).toBeNull();
});
