import { createMemoryPrivateTree } from '@backside/auth';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminToken, ask, startServer } from '../testing/rest-fixture.js';
import { openTreeServer, type TreeServer } from '../testing/tree-server.js';
import { DatabaseSettings } from './database-settings.js';

const DEFAULT_SIZE = '/.settings/defaultWriteSizeLimit.json';

const kept = createMemoryPrivateTree();
let server: TreeServer;
let token: string;
let tokenOfOther: string;

beforeAll(async () => {
  server = await openTreeServer({ settings: ({ name }) => (name === 'main' ? kept : createMemoryPrivateTree()) });
  token = await adminToken(server);
  tokenOfOther = await adminToken(server, server.tenants.get('other'));
});

afterAll(() => server.stop());

describe('a setting', () => {
  test.each([
    ['defaultWriteSizeLimit', 'unlimited', 'small'],
    ['strictTriggerValidation', true, false],
  ])('%s is %j until it is another, for one database', async (name, before, after) => {
    const path = `/.settings/${name}.json`;
    expect(await server.json(`GET ${path}`, { token })).toBe(before);
    const changed = await server.call(`PUT ${path}`, { token, raw: JSON.stringify(after) });
    expect(changed).toMatchObject({ status: 200, json: after });
    expect(await server.json(`GET ${path}?auth=${token}`)).toBe(after);
    expect(kept.read([name])).toBe(after);
    expect(await server.json(`GET ${path}?ns=other`, { token: tokenOfOther })).toBe(before);
    await server.call(`PUT ${path}`, { token, raw: JSON.stringify(before) });
  });

  test.each([
    ['"huge"', 'defaultWriteSizeLimit must be tiny, small, medium, large, unlimited'],
    ['null', 'defaultWriteSizeLimit must be tiny, small, medium, large, unlimited'],
    ['{', 'the body is not valid JSON'],
  ])('is not %s', async (raw, message) => {
    expect(await server.call(`PUT ${DEFAULT_SIZE}`, { token, raw })).toMatchObject({
      status: 400,
      json: { error: { code: 'invalid-data', message } },
    });
    expect(await server.json(`GET ${DEFAULT_SIZE}`, { token })).toBe('unlimited');
  });

  test('that this release does not know counts as not set', async () => {
    await kept.update([{ path: ['defaultWriteSizeLimit'], value: 'gigantic' }]);
    expect(await server.json(`GET ${DEFAULT_SIZE}`, { token })).toBe('unlimited');
    await kept.update([{ path: ['defaultWriteSizeLimit'], value: null }]);
  });

  test.each(['GET', 'PUT'])('is for admins: %s', async (method) => {
    const raw = method === 'PUT' ? { raw: '"tiny"' } : {};
    expect((await server.call(`${method} ${DEFAULT_SIZE}`, raw)).status).toBe(401);
  });

  test('cannot be changed where nothing keeps it', async () => {
    const settings = new DatabaseSettings(null);
    expect(settings.get('defaultWriteSizeLimit')).toBe('unlimited');
    await expect(settings.put('defaultWriteSizeLimit', 'tiny')).rejects.toMatchObject({ code: 'not-found' });
  });
});

test('the default size holds for writes that name none, of whoever makes them', async () => {
  await server.call(`PUT ${DEFAULT_SIZE}`, { token, raw: '"tiny"' });
  const raw = JSON.stringify('x'.repeat(1_100_000));
  const post = (query: string) => server.call(`POST /sized.json${query}`, { raw });
  expect((await post('')).status).toBe(413);
  expect((await server.call('PUT /sized.json', { raw, token })).status).toBe(413);
  expect((await post('?writeSizeLimit=small')).status).toBe(200);
  await server.call(`PUT ${DEFAULT_SIZE}`, { token, raw: '"unlimited"' });
  expect((await post('')).status).toBe(200);
});

test.each(['PUT', 'POST'])('%s of the triggers of an emulator is taken, from admins', async (method) => {
  const path = '/.settings/functionTriggers.json?ns=main';
  expect(await server.call(`${method} ${path}`, { token, raw: '{"triggers": []}' })).toMatchObject({ status: 200 });
  expect(await server.call(`${method} ${path}`, { token, raw: '{' })).toMatchObject({ status: 400 });
  expect(await server.call(`${method} ${path}`, { raw: '{}' })).toMatchObject({ status: 401 });
});

describe('coverage', () => {
  test('is where the tools look for it, for admins, as JSON and for people', async () => {
    const report = await ask(server, 'GET /.settings/rules/coverage', { token });
    expect(report.json).toMatchObject({ rules: expect.arrayContaining([expect.objectContaining({ line: 1 })]) });
    expect((await ask(server, 'GET /.inspect/coverage.json?ns=main', { token })).json).toEqual(report.json);
    const { text, headers } = await ask(server, 'GET /.inspect/coverage?ns=main', { token });
    expect(headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(text).toMatch(/^\/\.read \(1:\d+\): .*\n.*(?:\n.*)* rules were evaluated; .*\n$/);
    expect((await ask(server, 'GET /.inspect/coverage')).status).toBe(401);
  });

  test('is for everybody in development', async () => {
    const open = await startServer({ rest: { development: true } });
    expect((await ask(open, 'GET /.inspect/coverage.json')).status).toBe(200);
    expect((await ask(open, 'GET /.settings/rules/coverage')).status).toBe(401);
  });
});
