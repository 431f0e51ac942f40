import { assert, asyncProperty, constantFrom, dictionary, oneof, record, string, uint8Array } from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LegacyFixture, startLegacy } from '../testing/legacy-fixture.js';
import type { LegacyRequest } from './legacy-request.js';
import { render } from './render.js';

let server: LegacyFixture;

beforeAll(async () => {
  server = await startLegacy({ settings: { 'api-allow': ['.'] } });
});

afterAll(() => server.close());

const PATHS = [
  '/account/get',
  '/account/add',
  '/account/select',
  '/connection/add',
  '/message/add',
  '/message/get',
  '/counter/incr',
  '/data/select/bk_account',
  '/pages/put/x',
  '/login',
  '/auth',
];
const TYPES = [
  'application/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'text/plain',
  '',
];

const junk = string({ unit: 'binary', maxLength: 40 });
const piece = oneof(
  junk,
  constantFrom('_ops=a,gt', '_count=-1', '_start=%%%', 'a[b][c]=1', '_select=a,b', '%zz', '__proto__[x]=1'),
);
const name = oneof(junk, constantFrom('bk-signature', 'bk-access-token', 'cookie', 'authorization'));
const proof = oneof(
  junk,
  constantFrom('4||a|b|1|||', '4|||||||', 'bk-signature=e30=; bk-signature.sig=x', 'Bearer x', 'a1.AAAA'),
);
const body = oneof(
  uint8Array({ maxLength: 200 }),
  constantFrom(...['{"a":{"b":', '[[[[', '{"_ops":{"a":[]}}', '--x\r\n\r\n', '\0'].map((text) => Buffer.from(text))),
);

test('whatever is sent, there is an answer, and nothing goes wrong inside', async () => {
  const requests = record({
    method: constantFrom('GET', 'POST', 'PUT', 'OPTIONS', 'HEAD', 'X'),
    path: oneof(constantFrom(...PATHS), junk),
    query: oneof(piece, junk),
    headers: dictionary(name, proof, { maxKeys: 3 }),
    type: constantFrom(...TYPES),
    body,
  });
  const property = asyncProperty(requests, async ({ method, path, query, headers, type, body: bytes }) => {
    const request: LegacyRequest = {
      method,
      url: `${path}?${query}`,
      headers: { ...headers, host: '127.0.0.1', 'content-type': type },
      address: '127.0.0.1',
      secure: false,
      body: (async function* () {
        yield bytes;
      })(),
      signal: new AbortController().signal,
      push: null,
    };
    const answer = await server.context.dispatch(request);
    expect(answer.status).toBeGreaterThanOrEqual(200);
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(500);
    render(answer);
  });
  await assert(property, { numRuns: 400 });
  expect(server.log.lines).toEqual([]);
});
