import { ADMIN } from '@backside/protocol';
import { assert, asyncProperty, constantFrom, dictionary, oneof, record, string, uint8Array } from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LegacyFixture, startLegacy } from '../testing/legacy-fixture.js';
import type { LegacyRequest } from './legacy-request.js';
import { render } from './render.js';

let server: LegacyFixture;
/** An access token of an admin, so that what is sent gets as far as it can. */
let admin: string;

beforeAll(async () => {
  server = await startLegacy();
  const account = { username: 'root', password: 'correct horse battery', admin: true };
  await server.auth.users.create(ADMIN, account);
  const signedIn = await server.auth.signIn.password({ login: 'root', password: account.password }, { address: '::1' });
  if (signedIn.kind !== 'signed-in') throw new Error('the admin has no second factor');
  admin = `Bearer ${signedIn.accessToken}`;
});

afterAll(() => server.close());

const PATHS = [
  '/account/update',
  '/account/put/secret',
  '/connection/select',
  '/connection/del',
  '/counter/put',
  '/data/put/bk_counter',
  '/data/get/bk_auth',
  '/file/put',
  '/icon/put',
  '/location/get',
  '/location/put',
  '/message/read',
  '/pages/show/x',
  '/system/cache/put',
  '/system/params/get',
  '/system/stats/get',
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
const NAMES =
  'id,peer,type,name,login,secret,latitude,longitude,distance,msg,sender,mtime,prefix,icon,data,title,content'.split(
    ',',
  );
const CONTROLS = '_count,_page,_start,_token,_select,_ops,_sort,_desc,_total,_format,_width,_name'.split(',');
const value = oneof(
  junk,
  constantFrom(
    '',
    '0',
    '-1',
    '1e999',
    'NaN',
    '__proto__',
    'a,b|c',
    '../..',
    '(',
    '[',
    '.*',
    'type,gt',
    'msg,iregexp',
    'csv',
    '\0',
  ),
);
const known = dictionary(constantFrom(...NAMES, ...CONTROLS), value, { maxKeys: 6 });
const asQuery = known.map((values) => new URLSearchParams(values).toString());
const piece = oneof(asQuery, asQuery, junk, constantFrom('a[b][c]=1', '%zz', '__proto__[x]=1', 'id[]=1&id[x]=2'));
const header = oneof(junk, constantFrom('bk-signature', 'bk-access-token', 'cookie', 'authorization'));
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
    query: piece,
    headers: oneof(constantFrom({}), dictionary(header, proof, { maxKeys: 3 })),
    type: constantFrom(...TYPES),
    body,
  });
  const property = asyncProperty(requests, async ({ method, path, query, headers, type, body: bytes }) => {
    const request: LegacyRequest = {
      method,
      url: `${path}?${query}`,
      headers: { authorization: admin, ...headers, host: '127.0.0.1', 'content-type': type },
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
  await assert(property, { numRuns: 600 });
  expect(server.log.lines.filter((line) => !line.startsWith('audit'))).toEqual([]);
});
