import type { RulesVersion } from '@backside/api';
import type { CoverageReport, RulesProblem } from '@backside/security';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Answer, adminToken, ask, signUp, startServer, type TestServer } from '../testing/rest-fixture.js';

const OPEN = '{\n  // anybody reads, \u00fcber alles\n  "rules": { ".read": true }\n}\n';
const CLOSED = '{ "rules": { ".read": false } }';

type Put = RulesVersion & { readonly status: string; readonly warnings: readonly RulesProblem[] };
interface Problems {
  readonly error: string;
  readonly code: string;
  readonly problems: readonly RulesProblem[];
}

let server: TestServer;
let token: string;

beforeEach(async () => {
  server = await startServer();
  token = await adminToken(server);
});

function put<Body = Put>(raw: string, headers: Record<string, string> = {}): Promise<Answer<Body>> {
  return ask<Body>(server, 'PUT /.settings/rules.json', { token, raw, headers });
}

const FOR_ADMINS = [
  'GET /.settings/rules.json',
  'PUT /.settings/rules.json',
  'GET /.settings/rules/versions',
  'POST /.settings/rules/rollback',
  'POST /.settings/rules/simulate',
  'GET /.settings/rules/coverage',
  'GET /.explain/node-a.0123456789abcdef',
];

describe('rules over HTTP', () => {
  test('come back byte for byte as they were put, comments included', async () => {
    expect(await put(OPEN)).toMatchObject({ status: 200, json: { status: 'ok', version: 1 } });
    const answer = await ask(server, 'GET /.settings/rules.json', { token });
    expect(answer.text).toBe(OPEN);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  test('are in force when the answer comes, under the name of the admin', async () => {
    const { json } = await put(OPEN);
    const root = await server.main.auth.users.find({ kind: 'admin' }, 'root');
    expect(json.author).toBe(root?.uid);
    expect(server.main.rules.current.source).toBe(OPEN);
  });

  test('deny everything before any were put', async () => {
    const answer = await ask(server, 'GET /.settings/rules.json', { token });
    expect(JSON.parse(answer.text)).toEqual({ rules: {} });
    expect(answer.headers.get('etag')).toBe('"v0"');
  });

  test('that cannot be loaded are refused with every problem and its place, and change nothing', async () => {
    await put(OPEN);
    const wrong = '{\n  "rules": {\n    ".read": "auth.uuid ==",\n    "a": { ".write": "nobody()" }\n  }\n}';
    const { status, json } = await put<Problems>(wrong);
    expect(status).toBe(400);
    expect(json.code).toBe('invalid-data');
    expect(json.error).toMatch(/^3:\d+ \/\.read: .*\n4:\d+ \/a\/\.write: /);
    expect(json.problems.map(({ rulePath, line }) => [rulePath, line])).toEqual([
      ['/.read', 3],
      ['/a/.write', 4],
    ]);
    for (const problem of json.problems) {
      expect(problem).toMatchObject({ severity: 'error', column: expect.any(Number), offset: expect.any(Number) });
      expect(problem).toHaveProperty('hint');
    }
    expect(server.main.rules.current.source).toBe(OPEN);
  });

  test('are only tried with dryRun', async () => {
    expect(await ask(server, 'PUT /.settings/rules.json?dryRun=true', { token, raw: OPEN })).toMatchObject({
      status: 200,
    });
    expect(await ask(server, 'PUT /.settings/rules.json?dryRun=true', { token, raw: '{' })).toMatchObject({
      status: 400,
    });
    expect(server.main.rules.versions()).toEqual([]);
  });

  test('are replaced only if they are still what If-Match says', async () => {
    const first = await put(OPEN, { 'if-match': '"v0"' });
    expect(first.headers.get('etag')).toBe('"v1"');
    expect(await put(CLOSED, { 'if-match': '"v0"' })).toMatchObject({ status: 412 });
    expect(await put(CLOSED, { 'if-match': '"somebody else\'s"' })).toMatchObject({ status: 412 });
    expect(server.main.rules.current.source).toBe(OPEN);
    expect(await put(CLOSED, { 'if-match': '"v1"' })).toMatchObject({ status: 200, json: { version: 2 } });
    expect(await put(OPEN, { 'if-match': '*' })).toMatchObject({ status: 200, json: { version: 3 } });
  });

  test('are not sent again to who has them', async () => {
    await put(OPEN);
    const known = await ask(server, 'GET /.settings/rules.json', { token, headers: { 'if-none-match': 'W/"v1"' } });
    expect(known).toMatchObject({ status: 304, text: '' });
    const old = await ask(server, 'GET /.settings/rules.json', { token, headers: { 'if-none-match': '"v0"' } });
    expect(old).toMatchObject({ status: 200, text: OPEN });
  });

  test('are listed by version and rolled back', async () => {
    await put(OPEN);
    await put(CLOSED);
    expect(await ask(server, 'POST /.settings/rules/rollback', { token, body: { version: 1 } })).toMatchObject({
      status: 200,
      json: { version: 3, rollbackOf: 1 },
    });
    expect(server.main.rules.current.source).toBe(OPEN);
    const { json } = await ask<{ current: number; versions: RulesVersion[] }>(server, 'GET /.settings/rules/versions', {
      token,
    });
    expect(json.current).toBe(3);
    expect(json.versions.map(({ version }) => version)).toEqual([3, 2, 1]);
  });

  test('cannot be rolled back to what never was', async () => {
    expect(await ask(server, 'POST /.settings/rules/rollback', { token, body: { version: 9 } })).toMatchObject({
      status: 404,
      json: { error: { code: 'not-found' } },
    });
  });

  test('are kept per database, and so are the admins who may put them', async () => {
    const two = await startServer({ databases: ['main', 'other'] });
    const other = await adminToken(two, two.tenants.get('other')!);
    expect(await ask(two, 'PUT /.settings/rules.json?ns=main', { token: other, raw: OPEN })).toMatchObject({
      status: 401,
    });
    expect(await ask(two, 'PUT /.settings/rules.json?ns=other', { token: other, raw: OPEN })).toMatchObject({
      status: 200,
    });
    expect(two.main.rules.versions()).toEqual([]);
    expect(await ask(two, 'GET /.settings/rules.json?ns=none', { token: other })).toMatchObject({ status: 404 });
    expect(await ask(two, 'GET /.settings/rules.json?ns=other.private', { token: other })).toMatchObject({
      status: 404,
    });
  });

  test('take the token of Firebase tools from the query', async () => {
    expect(await ask(server, `GET /.settings/rules.json?auth=${token}`)).toMatchObject({ status: 200 });
    expect(await ask(server, `GET /.settings/rules.json?access_token=${token}`)).toMatchObject({ status: 200 });
    expect(await ask(server, `GET /.settings/rules.json?auth=&access_token=${token}`)).toMatchObject({ status: 200 });
    expect(await ask(server, `GET /auth/me?auth=${token}`)).toMatchObject({ status: 401 });
  });

  test('tell which expressions were never true or never false', async () => {
    await put('{ "rules": { ".read": "auth != null" } }');
    const { json } = await ask<CoverageReport>(server, 'GET /.settings/rules/coverage', { token });
    expect(json.rules).toMatchObject([{ rulePath: '/.read', counts: { true: 0, false: 0, error: 0 } }]);
  });

  test('are for admins, all of it', async () => {
    const { accessToken } = await signUp(server);
    for (const line of FOR_ADMINS) {
      const nobody = await ask(server, line);
      expect([line, nobody.status, nobody.json.error.code]).toEqual([line, 401, 'unauthenticated']);
      const user = await ask(server, line, { token: accessToken });
      expect([line, user.status, user.json.error.code]).toEqual([line, 403, 'permission-denied']);
    }
  });

  test('beyond a megabyte are too large', async () => {
    expect(await put(`${OPEN}${' '.repeat(1_048_576)}`)).toMatchObject({ status: 413 });
  });

  test('that are not UTF-8 are refused', async () => {
    const raw = Buffer.from([0x7b, 0xff, 0x7d]);
    expect(await ask(server, 'PUT /.settings/rules.json', { token, raw })).toMatchObject({ status: 400 });
  });
});
