import { expect, test } from 'vitest';
import { normalPath } from './normal-path.js';

test.each([
  ['/account/get', '/account/get'],
  ['/account/get/', '/account/get'],
  ['/account/get///', '/account/get'],
  ['/%61ccount/%2e', '/account/.'],
  ['/a%2fb', '/a%2Fb'],
  ['/', '/'],
  ['///', '/'],
  ['', ''],
])('%s is %s', (path, normal) => {
  expect(normalPath(path)).toBe(normal);
});

test('takes as many steps as the path is long, whatever it holds', () => {
  const started = process.cpuUsage();
  for (let round = 0; round < 50; round += 1) normalPath(`/account${'/'.repeat(60_000)}x`);
  const { user } = process.cpuUsage(started);
  // Fifty paths by a pattern that tries each slash anew take minutes.
  expect(user).toBeLessThan(20_000_000);
});
