import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminToken } from '../testing/rest-fixture.js';
import { openTreeServer, type TreeServer } from '../testing/tree-server.js';

let admin: string;
let server: TreeServer;

beforeAll(async () => {
  server = await openTreeServer({ tree: { maxBodyBytes: 65_536 } });
  admin = await adminToken(server);
});

afterAll(() => server.stop());

test('a body of any length is an admin’s to write, in pieces', async () => {
  const big = Object.fromEntries(Array.from({ length: 3_000 }, (_, i) => [`k${i}`, { text: 'y'.repeat(1_000), i }]));
  const body = JSON.stringify({ '.priority': 7, nested: big, last: [1, 2] });
  const { status, text } = await server.call('PUT /import.json?writeSizeLimit=unlimited&print=silent', {
    raw: body,
    token: admin,
  });
  expect({ status, text }).toEqual({ status: 204, text: '' });
  expect(await server.json('GET /import.json?format=export')).toEqual({
    nested: big,
    last: { 0: 1, 1: 2 },
    '.priority': 7,
  });
  expect(await server.call('PUT /import.json?writeSizeLimit=unlimited', { raw: body })).toMatchObject({ status: 413 });
});

test('a body without members is written whole', async () => {
  const path = '/import/leaf.json?writeSizeLimit=unlimited';
  for (const [raw, value] of [
    ['  "text"', 'text'],
    [' 12 ', 12],
    ['{}', null],
    ['[]', null],
    [' [true]', [true]],
  ] as const) {
    expect(await server.call(`PUT ${path}`, { raw, token: admin })).toMatchObject({ status: 200, json: value });
  }
});

test('what fails halfway says that something stays', async () => {
  const path = '/import/half.json?writeSizeLimit=unlimited';
  const raw = `{"a": ${JSON.stringify(Array(700).fill('x'.repeat(1_000)))}, "b#": 1}`;
  expect(await server.call(`PUT ${path}`, { raw, token: admin })).toMatchObject({
    status: 400,
    json: { error: expect.stringContaining('what came before it was written') },
  });
  for (const broken of ['', '{"a"', '[1,]']) {
    expect(await server.call(`PUT ${path}`, { raw: broken, token: admin })).toMatchObject({ status: 400 });
  }
});
