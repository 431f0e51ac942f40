import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseBackendjsSettings } from '../settings.js';
import { type LegacyFixture, startLegacy, type TestAccount } from '../testing/legacy-fixture.js';

let server: LegacyFixture;
let ann: TestAccount;
let staff: TestAccount;
let admin: TestAccount;

beforeAll(async () => {
  server = await startLegacy();
  ann = await server.account('ann');
  staff = await server.account('staff', { types: ['staff'] });
  admin = await server.account('root', { types: ['admin'] });
});

afterAll(() => server.close());

/** Other settings for one test. */
function configure(values: Readonly<Record<string, unknown>>): void {
  server.backendjs.reconfigure(parseBackendjsSettings(values));
}

beforeEach(() => configure({}));

async function outcome(path: string, as?: TestAccount): Promise<string> {
  const { status, text } = await server.client.get(path, {}, as === undefined ? {} : { as });
  const { code } = (text === '' ? {} : JSON.parse(text)) as { code?: string };
  return code === undefined ? String(status) : `${status} ${code}`;
}

describe('lists', () => {
  test('by themselves open nothing but signing in and out', async () => {
    expect(await outcome('/logout')).toBe('200');
    expect(await outcome('/ping')).toBe('417 NOLOGIN');
    expect(await outcome('/account/add')).toBe('417 NOLOGIN');
    expect(await outcome('/ping', ann)).toBe('200');
  });

  test('open a path, where credentials are then not even looked at', async () => {
    configure({ 'api-allow': '^/ping$' });
    expect(await outcome('/ping')).toBe('200');
    expect(await outcome('/ping', { ...ann, secret: 'wrong' })).toBe('200');
    expect(await outcome('/auth')).toBe('417 NOLOGIN');
  });

  test('do not take a suffix of static files for a way past credentials', async () => {
    for (const path of ['/account/get.png', '/pages/show/x.css', '/account/get/.html']) {
      expect(await outcome(path)).toBe('417 NOLOGIN');
    }
  });

  test('close what others open', async () => {
    configure({ 'api-allow': '^/ping$', 'api-ignore-allow': '^/ping$' });
    expect(await outcome('/ping')).toBe('417 NOLOGIN');
  });

  test('refuse whoever asks, in every spelling of the path', async () => {
    configure({ 'api-deny': '^/ping$' });
    for (const path of ['/ping', '/ping/', '/%70ing', '/ping?x=/auth']) expect(await outcome(path, admin)).toBe('403');
    expect(await outcome('/auth', ann)).toBe('200');
  });

  test('refuse or admit addresses', async () => {
    configure({ 'api-deny-ip': '^127\\.' });
    expect(await outcome('/logout')).toBe('403');
    configure({ 'api-allow-ip': '^127\\.' });
    expect(await outcome('/ping')).toBe('200');
  });

  test('let nobody in where that is said, and a wrong signature nowhere', async () => {
    configure({ 'api-allow-anonymous': '^/ping$' });
    expect(await outcome('/ping')).toBe('200');
    expect(await outcome('/ping', { ...ann, secret: 'wrong' })).toBe('401 NOAUTH');
  });
});

describe('types of accounts', () => {
  test('admins alone have what is theirs', async () => {
    configure({ 'api-allow-admin': '^/ping$' });
    expect(await outcome('/ping', ann)).toBe('401 ADMIN');
    expect(await outcome('/ping', admin)).toBe('200');
  });

  test('are refused what is denied to them; admins are not', async () => {
    configure({ 'api-deny-account-staff': '^/ping$' });
    expect(await outcome('/ping', staff)).toBe('401 DENY');
    expect(await outcome('/ping', ann)).toBe('200');
  });

  test('are wanted where a path is theirs', async () => {
    configure({ 'api-allow-account-staff': '^/ping$' });
    expect(await outcome('/ping', ann)).toBe('401 ALLOW');
    expect(await outcome('/ping', staff)).toBe('200');
    expect(await outcome('/ping', admin)).toBe('200');
    expect(await outcome('/auth', ann)).toBe('200');
    configure({ 'api-allow-account-staff': '^/ping$', 'api-allow-authenticated': '^/ping$' });
    expect(await outcome('/ping', ann)).toBe('200');
  });

  test('/system is for admins without any setting', async () => {
    expect(await outcome('/system/params/get', ann)).toBe('401 ADMIN');
  });
});

describe("an account's own lists", () => {
  async function restricted(name: string, admin: object): Promise<TestAccount> {
    const account = await server.account(name);
    await server.context.credentials.change(account.id, admin);
    return account;
  }

  test('keep it from paths, or to paths', async () => {
    const denied = await restricted('denied', { aclDeny: '^/ping' });
    expect([await outcome('/ping', denied), await outcome('/auth', denied)]).toEqual(['403 ACL', '200']);
    const allowed = await restricted('allowed', { aclAllow: '^/ping' });
    expect([await outcome('/ping', allowed), await outcome('/auth', allowed)]).toEqual(['200', '403 NOACCESS']);
  });

  test('that cannot be read open nothing', async () => {
    const broken = await restricted('broken', { aclAllow: '(' });
    expect(await outcome('/auth', broken)).toBe('403 NOACCESS');
  });

  test('take parameters from what it says', async () => {
    const silent = await restricted('silent', { queryDeny: '^_accesstoken$' });
    const asked = { _accesstoken: 1 };
    expect((await server.client.get('/auth', asked, { as: silent })).json['bk-access-token']).toBeUndefined();
  });

  test('end it', async () => {
    const ended = await restricted('ended', { expires: server.clock.now() - 1 });
    expect(await outcome('/auth', ended)).toBe('412 ENDED');
    const going = await restricted('going', { expires: server.clock.now() + 60_000 });
    expect(await outcome('/auth', going)).toBe('200');
  });
});

describe('rate limits', () => {
  test('by address are over after so many, and come back with time', async () => {
    configure({ 'rlimits-rate-ip': 3, 'rlimits-interval-ip': 60_000 });
    const taken = [];
    for (let n = 0; n < 4; n++) taken.push(await outcome('/logout'));
    expect(taken).toEqual(['200', '200', '200', '429']);
    server.clock.advance(20_001);
    expect(await outcome('/logout')).toBe('200');
  });

  test('by login count before the signature is looked at, each login by itself', async () => {
    configure({ 'rlimits-rate-login': 1, 'rlimits-interval-login': 60_000 });
    expect(await outcome('/ping', { ...staff, secret: 'wrong' })).toBe('401 NOAUTH');
    expect(await outcome('/ping', staff)).toBe('429');
    expect(await outcome('/ping', ann)).toBe('200');
  });

  test('of an account are its own', async () => {
    const slow = await server.account('slow');
    await server.context.credentials.change(slow.id, { rlimitsRate: 0.001, rlimitsMax: 2 });
    expect([await outcome('/ping', slow), await outcome('/ping', slow), await outcome('/ping', slow)]).toEqual([
      '200',
      '200',
      '429',
    ]);
  });
});

describe('redirects', () => {
  test('to TLS, or a refusal without', async () => {
    configure({ 'api-redirect-ssl': '^/ping$', 'api-allow-ssl': '^/auth$' });
    const { status, headers } = await server.client.get('/ping?x=1');
    expect([status, headers.location]).toEqual([302, `https://127.0.0.1:${server.port}/ping?x=1`]);
    expect((await server.client.get('/auth')).json).toMatchObject({ status: 400, message: 'SSL only access' });
  });

  test('by host and path, filled with what was asked for', async () => {
    configure({ 'api-redirect-url-^127.0.0.1:[0-9]+/ping$': '/other/@BASE@?@QUERY@' });
    const { headers } = await server.client.get('/ping?x=1');
    expect(headers.location).toBe('/other/ping?x=1');
  });

  test('who is refused goes to where one signs in', async () => {
    configure({ 'api-login-redirect-^/ping$': '/sign-in' });
    const { status, headers } = await server.client.get('/ping');
    expect([status, headers.location]).toEqual([302, '/sign-in']);
  });

  test('a path may be served by another; the signature stays that of what was asked for', async () => {
    configure({ 'api-routing-^/ping/old$': '/auth' });
    expect((await server.client.get('/ping/old', {}, { as: ann })).json.id).toBe(ann.id);
  });
});

describe('settings', () => {
  test.each([
    ['an unknown name', { 'api-no-such-thing': 1 }],
    ['a number out of range', { 'api-upload-limit': 1 }],
    ['no number', { 'api-upload-limit': 'many' }],
    ['no expression', { 'api-deny': ['('] }],
    ['a limit without a rate', { 'rlimits-max-ip': 3 }],
    ['another word', { 'api-signature-once': 'sometimes' }],
  ])('%s is refused', (_what, values) => {
    expect(() => parseBackendjsSettings(values)).toThrow();
  });

  test('more requests than there may be under way are 503', async () => {
    const polling = server.client.get('/account/subscribe', {}, { as: ann }).catch(() => null);
    await expect.poll(() => server.database.stats().subscriptions).toBe(1);
    configure({ 'api-max-requests': 1 });
    expect(await outcome('/ping', ann)).toBe('503');
    await server.backendjs.close();
    await polling;
    expect(await outcome('/ping', ann)).toBe('200');
  });
});
