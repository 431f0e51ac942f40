import { ADMIN, type Principal } from '@backside/protocol';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LegacyReplyOf, Row, RowPage } from '../testing/legacy-client.js';
import { type LegacyFixture, startLegacy, type TestAccount } from '../testing/legacy-fixture.js';
import { watchTree } from '../testing/tree-watch.js';

let server: LegacyFixture;
let ann: TestAccount;
let root: TestAccount;
let made = 0;

beforeAll(async () => {
  server = await startLegacy({ settings: { 'api-allow': '^/account/add$' } });
  root = await server.account('root', { types: ['admin'] });
});
afterAll(() => server.close());
beforeEach(async () => {
  made += 1;
  ann = await server.account(`ann${made}`);
});

type Values = Readonly<Record<string, string | number>>;

const asAnn = (path: string, params: Values = {}): Promise<LegacyReplyOf<Row>> =>
  server.client.get(path, params, { as: ann });
const register = (params: Values): Promise<LegacyReplyOf<Row>> => server.client.get('/account/add', params);

/** Signs in as on every other edge. */
const authenticate = (login: string, passcode: string): Promise<Principal> =>
  server.auth.authenticate({ login, passcode, database: 'main', remoteAddress: '127.0.0.1' });

describe('/account/add', () => {
  test('makes the rows in one commit, and the account signs in here and elsewhere', async () => {
    const watch = await watchTree(server.database, '/');
    const login = `carl${made}@example.com`;
    const secret = 'a long enough secret';
    const { status, json } = await register({ name: 'Carl Gustav Jung', login, secret, gender: 'm', phone: '123' });
    expect(status).toBe(200);
    expect(json).toEqual({
      name: 'Carl Gustav Jung',
      login,
      gender: 'm',
      phone: '123',
      id: expect.stringMatching(/^u_[0-9a-f]{32}$/),
      _added: true,
    });
    expect(new Set(watch.changes.map(({ revision }) => revision)).size).toBe(1);
    const { id } = json;
    expect(server.value(`/accounts/${id}`)).toEqual({
      name: 'Carl Gustav Jung',
      first_name: 'Carl',
      last_name: 'Gustav Jung',
    });
    expect(server.value(`/me/${id}`)).toMatchObject({ login, gender: 'm', phone: '123', ctime: expect.any(Number) });
    expect(server.value(`/counters/${id}`)).toMatchObject({ ping: 0, like0: 0 });
    const own = await server.client.get('/account/get', {}, { as: { login, secret } });
    expect(own.json).toMatchObject({ id, login, phone: '123' });
    expect(await authenticate(login, secret)).toMatchObject({ uid: id });
  });

  test('keeps no secret where a client could read it', async () => {
    const { json } = await register({
      name: 'x',
      login: `dora${made}@example.com`,
      secret: 'hidden secret',
      token_secret: 'hidden token',
    });
    expect(JSON.stringify([json, server.value('/')])).not.toContain('hidden');
  });

  test('with a password draws the secret and gives it', async () => {
    const login = `emil${made}@example.com`;
    const { json } = await register({ name: 'Emil', login, password: 'correct horse battery' });
    expect(json.secret).toMatch(/^[0-9a-f]{64}$/);
    expect((await server.client.get('/account/get', {}, { as: { login, secret: json.secret ?? '' } })).json.name).toBe(
      'Emil',
    );
  });

  test('asks for name, login and secret, in this order', async () => {
    const message = async (params: Values) => (await register(params)).json;
    expect(await message({})).toEqual({ status: 400, message: 'name is required' });
    expect(await message({ name: 'x' })).toEqual({ status: 400, message: 'login is required' });
    expect(await message({ name: 'x', login: 'y' })).toEqual({ status: 400, message: 'secret is required' });
  });

  test('of one login makes one account, also of several at once', async () => {
    const params = { name: 'x', login: `fay${made}@example.com`, secret: 'a long enough secret' };
    const replies = await Promise.all(Array.from({ length: 5 }, () => register(params)));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409]);
    const names = Object.values(server.value('/me') as Record<string, Row>).filter(
      ({ login }) => login === params.login,
    );
    expect(names).toHaveLength(1);
  });

  test('makes no admins for others than admins', async () => {
    const params = {
      name: 'x',
      login: `gus${made}@example.com`,
      secret: 'a long enough secret',
      type: 'admin',
      acl_allow: '.',
    };
    const { json } = await register(params);
    expect(json).not.toHaveProperty('type');
    const as = { login: params.login, secret: params.secret };
    expect((await server.client.get('/account/get', {}, { as })).json).not.toHaveProperty('type');
    expect((await server.client.get('/data/keys/bk_account', {}, { as })).status).toBe(401);
    expect(server.value(`/me/${json.id}`)).not.toHaveProperty('type');
  });

  test('by an admin may make one', async () => {
    const closed = await startLegacy();
    try {
      const boss = await closed.account('boss', { types: ['admin'] });
      const params = { name: 'y', login: 'hal@example.com', secret: 'a long enough secret', type: 'admin' };
      expect((await closed.client.get('/account/add', params)).status).toBe(417);
      await closed.client.get('/account/add', params, { as: boss });
      const as = { login: params.login, secret: params.secret };
      const second = { ...params, login: 'ida@example.com', auth_secret: 'second factor', flags: 'x', acl_deny: '^/x' };
      const { json } = await closed.client.get<Row>('/account/add', second, { as: boss });
      for (const column of ['auth_secret', 'flags', 'acl_deny', 'secret']) {
        expect(closed.value(`/me/${json.id}`)).not.toHaveProperty(column);
      }
      expect((await closed.client.get('/data/keys/bk_account', {}, { as })).json).toEqual(['id']);
    } finally {
      await closed.close();
    }
  });
});

describe('/account/get', () => {
  test('gives the own record without secrets, with what is computed', async () => {
    await asAnn('/account/update', { birthday: '2000-01-01', phone: '5' });
    const { json } = await asAnn('/account/get');
    expect(json).toMatchObject({
      id: ann.id,
      login: ann.login,
      name: `ann${made}`,
      phone: '5',
      age: expect.any(Number),
    });
    expect(JSON.stringify(json)).not.toContain(ann.secret);
    expect((await asAnn('/account/get', { id: ann.id })).json.phone).toBe('5');
  });

  test('gives of others what is public, drops who is not there, and keeps the own columns', async () => {
    const { json } = await asAnn('/account/get', { id: `${root.id},u_none,${ann.id}` });
    expect(json).toEqual([
      { id: root.id, name: 'root', first_name: 'root' },
      expect.objectContaining({ id: ann.id, login: ann.login }),
    ]);
  });

  test('shows what a client of the tree wrote', async () => {
    const steps = [{ method: 'set' as const, path: ['accounts', ann.id, 'alias'], value: 'Annie' }];
    await server.database.write({ principal: ADMIN, steps });
    expect((await asAnn('/account/get')).json.alias).toBe('Annie');
  });

  test('issues a token when it is asked for', async () => {
    const { json } = await asAnn('/account/get', { _accesstoken: 1 });
    const again = await server.client.get('/account/get', { 'bk-access-token': json['bk-access-token'] ?? '' });
    expect(again.json.id).toBe(ann.id);
  });

  test('of an account without row is 404', async () => {
    await server.database.write({ principal: ADMIN, steps: [{ method: 'remove', path: ['accounts', ann.id] }] });
    expect((await asAnn('/account/get')).json).toMatchObject({ status: 404 });
  });
});

describe('/account/select', () => {
  test('finds by public columns and by address, and shows what is public', async () => {
    await asAnn('/account/update', { email: `unique${made}@example.com`, phone: '99' });
    const bob = await server.account(`bob${made}`);
    for (const path of ['/account/select', '/account/search']) {
      const found = { email: `unique${made}`, _ops: 'email,begins_with' };
      const { json } = await server.client.get(path, found, { as: bob });
      expect(json).toEqual({
        count: 1,
        data: [{ id: ann.id, name: `ann${made}`, first_name: `ann${made}` }],
        next_token: '',
      });
    }
    const { json } = await asAnn('/account/select', {
      name: 'ann',
      _ops: 'name,begins_with',
      _select: 'name',
      _count: 1,
    });
    expect(json).toMatchObject({ count: 1, data: [{ name: expect.stringMatching(/^ann/) }] });
    expect(json.next_token).not.toBe('');
  });

  test('without any condition finds nobody', async () => {
    expect((await asAnn('/account/select')).json).toEqual({ count: 0, data: [], next_token: '' });
    expect((await asAnn('/account/select', { name: '' })).json.count).toBe(0);
    expect((await asAnn('/account/select', { _total: 1 })).json).toEqual({ count: 0 });
  });

  test('cannot be used to ask where somebody is, or who is an admin', async () => {
    for (const column of ['latitude', 'geohash', 'type', 'device_id', 'anything']) {
      expect((await asAnn('/account/select', { [column]: '1', _ops: `${column},gt` })).status).toBe(400);
    }
    expect((await asAnn('/account/select', { name: 'ann', _ops: 'name,gt', _sort: 'birthday' })).status).toBe(400);
    const { json } = await server.client.get<RowPage>('/account/select', { login: ann.login }, { as: root });
    expect(json.data[0]?.login).toBe(ann.login);
  });

  test('takes no pattern that could be abused', async () => {
    const replies = ['(a+)+$', '['].map((name) => asAnn('/account/select', { name, _ops: 'name,regexp' }));
    expect((await Promise.all(replies)).map(({ status }) => status)).toEqual([200, 400]);
  });
});

describe('/account/update', () => {
  test('changes columns that are the owner’s, in one commit, and answers them', async () => {
    const watch = await watchTree(server.database, '/');
    const { json } = await asAnn('/account/update', {
      name: 'Ann New',
      gender: 'f',
      city: '',
      login: 'x',
      id: root.id,
      ctime: 1,
      type: 'admin',
      latitude: 5,
    });
    expect(json).toEqual({ name: 'Ann New', gender: 'f', first_name: 'Ann', last_name: 'New' });
    expect(new Set(watch.changes.map(({ revision }) => revision)).size).toBe(1);
    expect(server.value(`/accounts/${ann.id}/name`)).toBe('Ann New');
    expect(server.value(`/me/${ann.id}`)).toMatchObject({ gender: 'f', login: ann.login });
    expect(server.value(`/me/${ann.id}`)).not.toHaveProperty('type');
    expect(server.value(`/me/${ann.id}`)).not.toHaveProperty('latitude');
    expect((await server.context.credentials.byId(ann.id))?.name).toBe('Ann New');
  });

  test('with a secret changes the secret', async () => {
    await asAnn('/account/update', { secret: 'another long secret' });
    expect((await asAnn('/account/get')).status).toBe(401);
    const as = { login: ann.login, secret: 'another long secret' };
    expect((await server.client.get('/account/get', {}, { as })).status).toBe(200);
  });

  test('takes a column away with null', async () => {
    await asAnn('/account/update', { city: 'Basel' });
    await server.client.postJson('/account/update', { city: null, name: null }, { as: ann });
    expect(server.value(`/me/${ann.id}`)).not.toHaveProperty('city');
    expect(server.value(`/accounts/${ann.id}/name`)).toBe(`ann${made}`);
  });
});

test('accounts that are too large together are not answered', async () => {
  const large = await server.account('large');
  await server.client.post('/account/update', { alias: 'x'.repeat(9e6) }, { as: large });
  const ask = (times: number) =>
    server.client.get('/account/get', { id: Array(times).fill(large.id).join() }, { as: ann });
  expect((await ask(2)).status).toBe(200);
  expect((await ask(3)).status).toBe(413);
});

describe('/account/put/secret', () => {
  test('wants something to change', async () => {
    expect((await asAnn('/account/put/secret')).status).toBe(400);
  });

  test('revokes tokens with token_secret', async () => {
    const { json } = await asAnn('/account/get', { _accesstoken: 1 });
    const token = { 'bk-access-token': json['bk-access-token'] ?? '' };
    expect((await server.client.get('/account/get', token)).status).toBe(200);
    expect((await asAnn('/account/put/secret', { token_secret: 1 })).json).toEqual([]);
    expect((await server.client.get('/account/get', token)).status).toBe(401);
    expect((await asAnn('/account/get')).status).toBe(200);
  });
});

describe('/account/del', () => {
  test('removes everything, also what others hold of the account, and its sign-in', async () => {
    const bob = await server.account(`bob${made}`);
    const asBob = (path: string, params: Values) => server.client.get(path, params, { as: bob });
    await asAnn('/connection/add', { peer: bob.id, type: 'like' });
    await asBob('/connection/add', { peer: ann.id, type: 'follow' });
    await asBob('/message/add', { id: ann.id, msg: 'hello' });
    await asAnn('/account/put/status', { status: 'here' });
    await asAnn('/location/put', { latitude: 37.7, longitude: -122.4 });
    const watch = await watchTree(server.database, '/');
    expect(await authenticate(ann.login, ann.secret)).toMatchObject({ uid: ann.id });
    expect((await asAnn('/account/del')).json).toEqual([]);
    const first = JSON.stringify(watch.changes.filter(({ revision }) => revision === watch.changes[0]!.revision));
    for (const area of ['accounts', 'me', 'counters', 'messages', 'locations', 'status']) expect(first).toContain(area);
    const { events: _, messages, ...rest } = server.value('/') as Record<string, unknown>;
    expect(JSON.stringify(rest)).not.toContain(ann.id);
    expect(messages).not.toHaveProperty(ann.id);
    expect(server.value(`/events/${ann.id}`)).toBeNull();
    expect(server.value(`/counters/${bob.id}`)).toMatchObject({ like1: 0, follow0: 0 });
    expect((await asAnn('/account/get')).status).toBe(404);
    await expect(authenticate(ann.login, ann.secret)).rejects.toThrow();
  });

  test('frees the login', async () => {
    await asAnn('/account/del');
    expect((await register({ name: 'x', login: ann.login, secret: 'a long enough secret' })).status).toBe(200);
  });
});
