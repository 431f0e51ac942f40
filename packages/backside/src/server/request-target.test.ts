import { expect, test } from 'vitest';
import { toOriginForm } from './request-target.js';

test.each([
  ['http://host/p.json?x=1', '/p.json?x=1'],
  ['HTTPS://user@host:80/http://other/', '/http://other/'],
  ['http://host', '/'],
  ['http://host?x=/', '/?x=/'],
  ['http:///p.json', '/p.json'],
  ['/http://host/p.json', '/http://host/p.json'],
  ['//host/p.json', '//host/p.json'],
  ['ftp://host/p.json', 'ftp://host/p.json'],
  ['*', '*'],
])('the target %s asks for %s', (url, asked) => {
  const request = { url };
  toOriginForm(request);
  expect(request.url).toBe(asked);
});
