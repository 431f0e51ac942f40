import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LegacyHook } from './hook.js';
import { LegacyAnswer } from './http/answer.js';
import { LegacyError } from './http/legacy-error.js';
import { type LegacyFixture, startLegacy, type TestAccount } from './testing/legacy-fixture.js';

const ended: string[] = [];
const closed: string[] = [];

/** What an application might add. */
const hooks: LegacyHook[] = [
  { path: /^\/ping$/, access: (request) => (request.headers['x-open'] === undefined ? null : 'open') },
  { path: /^\/logout$/, access: () => 'closed' },
  {
    path: /^\/auth$/,
    preProcess: ({ params, client }) => {
      if (client.version === '2') return LegacyAnswer.redirect('/v2/auth');
      if (params.has('refuse')) throw new LegacyError(402, 'Pay first', 'PAY');
      return params.has('go') ? LegacyAnswer.redirect('/elsewhere') : null;
    },
    postProcess: (call, { body }) =>
      LegacyAnswer.json({ asked: call.path, id: body.kind === 'json' ? Reflect.get(Object(body.value), 'id') : null }),
  },
  { path: /^\/auth$/, cleanup: ({ url }) => closed.push(url) },
  { path: /./, cleanup: ({ url }, status) => ended.push(`${url} ${status}`) },
];

let server: LegacyFixture;
let ann: TestAccount;

beforeAll(async () => {
  server = await startLegacy({ settings: { 'api-routing-^/account/old$': '/auth' }, extend: () => ({ hooks }) });
  ann = await server.account('ann');
});

afterAll(() => server.close());

async function outcome(path: string, asking: Parameters<LegacyFixture['client']['get']>[2] = {}): Promise<number> {
  return (await server.client.get(path, {}, asking)).status;
}

test('a hook may open a path, or close one, that the lists do not', async () => {
  expect(await outcome('/ping')).toBe(417);
  expect(await outcome('/ping', { headers: { 'x-open': '1' } })).toBe(200);
  expect(await outcome('/logout')).toBe(417);
  expect(await outcome('/logout', { as: ann })).toBe(200);
});

test('a hook may answer in place of an endpoint, or refuse, once it is known who asks', async () => {
  expect(await outcome('/auth?go=1')).toBe(417);
  const gone = await server.client.get('/auth?go=1', {}, { as: ann });
  expect([gone.status, gone.headers.location]).toEqual([302, '/elsewhere']);
  expect((await server.client.get('/auth?refuse=1', {}, { as: ann })).json).toEqual({
    status: 402,
    message: 'Pay first',
    code: 'PAY',
  });
});

test('a hook may serve clients of another version in another way', async () => {
  const { status, headers } = await server.client.get('/auth', {}, { as: ann, headers: { 'bk-version': '2' } });
  expect([status, headers.location]).toEqual([302, '/v2/auth']);
});

test('a hook may change what was answered', async () => {
  expect((await server.client.get('/auth', {}, { as: ann })).json).toEqual({ asked: '/auth', id: ann.id });
});

test('of a path that another one serves, hooks and metrics know the one that serves', async () => {
  for (const list of [ended, closed]) list.length = 0;
  await server.context.metrics.row({ reset: true });
  expect(await outcome('/account/old', { as: ann })).toBe(200);
  expect(ended).toEqual(['/account/old 200']);
  expect(closed).toEqual(['/account/old']);
  const { url_auth_0: served, url_account_old_0: asked } = await server.context.metrics.row({ reset: true });
  expect([served, asked]).toEqual([1, undefined]);
});

test('a hook is told how everything ended, also what was refused', async () => {
  ended.length = 0;
  await outcome('/auth?last=1', { as: ann });
  await outcome('/account/nothing');
  expect(ended).toEqual(['/auth?last=1 200', '/account/nothing 417']);
});
