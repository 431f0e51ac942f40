import type { Explanation } from '@backside/security';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Answer, adminToken, ask, startServer, type TestServer } from '../testing/rest-fixture.js';

const RULES = '{ "rules": { "users": { "$uid": { ".write": "auth.uid === $uid", ".read": "data.exists()" } } } }';

let server: TestServer;
let token: string;

beforeEach(async () => {
  server = await startServer();
  token = await adminToken(server);
  await server.main.rules.put(RULES, null);
});

function simulate(body: unknown): Promise<Answer<Explanation>> {
  return ask<Explanation>(server, 'POST /.settings/rules/simulate', { token, body });
}

describe('a simulated operation', () => {
  test('is decided and explained by the rules in force', async () => {
    const op = { type: 'write', path: '/users/ann', value: { name: 'Ann' } };
    const { json } = await simulate({ auth: { uid: 'ann' }, op });
    expect(json).toMatchObject({ allowed: true, operation: 'write', path: '/users/ann' });
    const denied = await simulate({ auth: { uid: 'bob' }, op });
    expect(denied.json.allowed).toBe(false);
    expect(denied.json.steps).toMatchObject([
      { rulePath: '/users/$uid/.write', outcome: 'false', bindings: { $uid: 'ann' } },
    ]);
  });

  test('sees the data of the request, and nobody if there is no auth', async () => {
    const op = { type: 'read', path: '/users/ann' };
    expect((await simulate({ op })).json.allowed).toBe(false);
    expect((await simulate({ op, data: { users: { ann: 1 } }, auth: null })).json.allowed).toBe(true);
  });

  test('can be tried against rules that are not in force yet', async () => {
    const op = { type: 'read', path: '/x' };
    expect((await simulate({ op, rules: '{"rules": {".read": true}}' })).json.allowed).toBe(true);
    expect(server.main.rules.current.source).toBe(RULES);
    expect(await simulate({ op, rules: '{"rules": {".read": "oops("}}' })).toMatchObject({
      status: 400,
      json: { error: { problems: [{ rulePath: '/.read' }] } },
    });
  });

  test.each([
    [{}, '"op" is missing'],
    [{ op: { type: 'drop', path: '/' } }, '"type" must be one of read, write, update'],
    [{ op: { type: 'read', path: '/a.b' } }, ''],
    [{ op: { type: 'read', path: '/a' }, auth: { uid: 'a', admin: true } }, 'unknown field "admin"'],
    [{ op: { type: 'read', path: '/a' }, data: { 'a.b': 1 } }, ''],
  ])('that makes no sense is refused: %j', async (body, message) => {
    expect(await simulate(body)).toMatchObject({
      status: 400,
      json: { error: { message: expect.stringContaining(message) } },
    });
  });
});
