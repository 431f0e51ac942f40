import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { isLegacyRequest } from './route-order.js';

/** As if the legacy interface had everything. */
const greedy = { handles: () => true };
const isLegacy = (url: string): boolean => isLegacyRequest({ url } as IncomingMessage, greedy);

test('what the tree answers never goes to the legacy interface', () => {
  const tree = [
    '/account.json',
    '/account/get.json?shallow=true',
    '/.json',
    '/auth/login',
    '/.media/a',
    '/.settings/x',
  ];
  expect(tree.filter(isLegacy)).toEqual([]);
});

test('the rest does if that has it, also /auth itself and names of files in queries', () => {
  const legacy = ['/auth', '/auth?x=1', '/account/get', '/file/get?name=a.json', '/', '/authors', '/account/get.jsonp'];
  expect(legacy.filter((url) => !isLegacy(url))).toEqual([]);
  expect(isLegacyRequest({ url: '/account/get' } as IncomingMessage, { handles: () => false })).toBe(false);
});
