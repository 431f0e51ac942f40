import { expect, test } from 'vitest';
import type { LegacyEndpoint } from '../endpoint.js';
import { normalPath } from './normal-path.js';
import { Router } from './router.js';

function endpoint(...paths: string[]): LegacyEndpoint {
  return { paths, serve: () => paths[0]! };
}

const router = new Router([
  endpoint('/auth'),
  endpoint('/account/get'),
  endpoint('/data/:op/:table'),
  endpoint('/data/columns/:table'),
  endpoint('/pages/show/:id'),
  endpoint('/image/*'),
]);

function find(path: string): readonly unknown[] | null {
  const route = router.find(path);
  return route === null ? null : [route.endpoint.paths[0], { ...route.variables }];
}

test('a literal wins over a variable', () => {
  expect(find('/data/get/bk_account')).toEqual(['/data/:op/:table', { op: 'get', table: 'bk_account' }]);
  expect(find('/data/columns/bk_account')).toEqual(['/data/columns/:table', { table: 'bk_account' }]);
});

test('variables are decoded, each by itself', () => {
  expect(find('/pages/show/a%2Fb%20c')).toEqual(['/pages/show/:id', { id: 'a/b c' }]);
  expect(() => router.find('/pages/show/%zz')).toThrow('badly encoded');
});

test('a star takes the rest, but not nothing', () => {
  expect(find('/image/account/1/0.png')).toEqual(['/image/*', { '*': 'account/1/0.png' }]);
  expect(find('/image')).toBeNull();
});

test('a namespace is handled whole, a single word only by itself', () => {
  expect(['/account/nothing', '/auth', '/data'].map((path) => router.handles(path))).toEqual([true, true, true]);
  expect(['/auth/login', '/', '/other', '/__proto__'].map((path) => router.handles(path))).toEqual(
    Array(4).fill(false),
  );
});

test('spellings of one path are one path', () => {
  expect(normalPath('/%61ccount/get/')).toBe('/account/get');
  expect(normalPath('/pages/show/a%2fb')).toBe('/pages/show/a%2Fb');
  expect(normalPath('/')).toBe('/');
});
