import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TestAccount } from '../testing/legacy-fixture.js';
import { type LegacyMediaFixture, PNG, startLegacyWithMedia } from '../testing/legacy-media.js';

let server: LegacyMediaFixture;
let ann: TestAccount;

beforeAll(async () => {
  server = await startLegacyWithMedia({ settings: { 'api-max-requests': 1000 } });
  ann = await server.account('ann');
});
afterAll(() => server.close());

/** What no client of good will sends in place of a text or a number. */
const VALUES: readonly unknown[] = [
  ...['', ' ', '\0', '\ud800', '.', '..', '../../x', '%2e%2e', '__proto__', 'constructor', 'a/b', '[x]', '$', '💥'],
  ...[`${'x'.repeat(5_000)}`, '1e999', '-0', 'NaN', 'Infinity', '((((', '\\'],
  ...[
    0,
    -1,
    1e308,
    true,
    false,
    null,
    [],
    {},
    ['a', 'b'],
    [null],
    { a: { b: 1 } },
    { '.value': 1 },
    { '.sv': 'timestamp' },
  ],
];

const REQUESTS: readonly (readonly [path: string, valid: Readonly<Record<string, unknown>>])[] = [
  ['/location/put', { latitude: 1, longitude: 2, location: 'x' }],
  ['/location/get', { latitude: 1, longitude: 2, distance: 3, name: 'x', _ops: 'name,=', _token: '', _count: 3 }],
  ['/account/select/location', { latitude: 1, longitude: 2, distance: 3, _select: 'id' }],
  ['/icon/put', { prefix: 'p', type: 't', icon: PNG.toString('base64'), acl_allow: 'all', tags: 't' }],
  ['/icon/upload', { prefix: 'p', type: 't', icon: PNG.toString('base64'), _ext: 'png' }],
  ['/icon/get', { prefix: 'p', type: 't', id: 'x' }],
  ['/icon/select', { prefix: 'p', type: 't', id: 'x', _ops: 'type,begins_with' }],
  ['/icon/del', { prefix: 'p', type: 't' }],
  ['/account/get/icon', { type: '0', id: 'x' }],
  ['/account/put/icon', { icon: PNG.toString('base64'), _width: 3, _rotate: 90, _quality: 50, _bgcolor: '#ffffff' }],
  ['/message/image', { sender: 'x', mtime: '1' }],
  ['/file/put', { prefix: 'p', name: 'n', data: 'eA==', _name: 'data', _encoding: 'base64', _ext: 'txt', _tm: 0 }],
  ['/file/get', { prefix: 'p', name: 'n' }],
  ['/file/del', { prefix: 'p', name: 'n' }],
  ['/pages/put', { id: 'i', title: 't', content: 'c', toc: 1, pub: 1 }],
  ['/pages/get', { id: 'i', _render: 1 }],
  ['/pages/show', { id: 'i' }],
  ['/pages/select', { title: 't', _ops: 'title,regexp', _select: 'id', _count: 2 }],
  ['/pages/del', { id: 'i' }],
];

const AT_ONCE = 40;

it.each(REQUESTS)('%s answers every wrong value with a status below 500', async (path, valid) => {
  const broken = Object.keys(valid).flatMap((name) => VALUES.map((value) => ({ ...valid, [name]: value })));
  const failures: unknown[] = [];
  const ask = async (params: Readonly<Record<string, unknown>>): Promise<void> => {
    const { status } = await server.client.postJson(path, params, { as: ann });
    if (status >= 500) failures.push([params, status]);
  };
  for (let at = 0; at < broken.length; at += AT_ONCE) await Promise.all(broken.slice(at, at + AT_ONCE).map(ask));
  expect(failures).toEqual([]);
  expect(server.log.lines).toEqual([]);
});
