import type { Json } from '@backside/tree';
import { expect, test } from 'vitest';
import { Params } from '../http/params.js';
import { isWrite } from './is-write.js';

const writes = (path: string, params: Readonly<Record<string, Json>> = {}): boolean =>
  isWrite(path, new Params(Object.entries(params)));

test.each(['/auth', '/account/get', '/message/get', '/system/stats/get', '/image/account/u_1/0', '/pages/show/1'])(
  '%s only reads',
  (path) => expect(writes(path)).toBe(false),
);

test.each(['/account/add', '/message/add', '/system/cache/put', '/location/put', '/what/nobody/knows'])(
  '%s may write',
  (path) => expect(writes(path)).toBe(true),
);

test('reading messages away is a write', () => {
  expect(writes('/message/get', { _archive: '1' })).toBe(true);
  expect(writes('/message/get', { _trash: true })).toBe(true);
  expect(writes('/message/get', { _archive: '0', _trash: '' })).toBe(false);
});
