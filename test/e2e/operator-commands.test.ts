import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { askHttp } from '../harness/http-client.js';
import { startServer } from '../harness/server.js';
import { until } from '../harness/stompjs-client.js';
import { type Outcome, runBackside } from './run-backside.js';

const VECTORS = fileURLToPath(new URL('../../packages/security/vectors/rules.json', import.meta.url));
const RULES = '{ "rules": { "users": { "$uid": { ".write": "auth.uid == $uid && newData.val() > 1" } } } }';

let folder: string;
let data: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backside-operator-'));
  data = join(folder, 'data');
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs a command that must succeed; what it printed. */
async function run(args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await runBackside(args, input === undefined ? {} : { input });
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout.trimEnd();
}

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

describe('commands about rules need no server', () => {
  test('test runs the vectors, and ends with 1 if a case fails', async () => {
    const count = (JSON.parse(await readFile(VECTORS, 'utf8')) as unknown[]).length;
    expect(await run(['rules', 'test', VECTORS])).toBe(`${count} passed, 0 failed`);
    const op = { type: 'read', path: '/' };
    const wrong = { name: 'too open', rules: { rules: {} }, data: null, auth: null, now: 0, op, expect: 'allow' };
    const failed = await runBackside(['rules', 'test', '--explain', await file('cases.json', JSON.stringify([wrong]))]);
    expect(failed).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/FAILED {2}too open.*\n0 passed, 1 failed\n$/s),
    });
  });

  test('check names the place of each error and says what to write instead', async () => {
    const bad = await file('bad.json', '{ "rules": {\n  // comment\n  ".read": "auth.uid = 1" } }');
    const checked = await runBackside(['rules', 'check', bad]);
    expect(checked).toMatchObject({ code: 1, stderr: '' });
    expect(checked.stdout).toContain(`${bad}:3:22 /.read: `);
    expect(checked.stdout).toContain('write ==');
  });

  test('check knows from the log of a server which queries have no index', async () => {
    const server = await startServer({ dataDir: data, args: ['--log-format', 'json'] });
    await run([
      'get',
      '/users',
      '--query',
      '{"orderBy":"age","limitToLast":1}',
      '--url',
      `127.0.0.1:${server.tcpPort}`,
    ]);
    await server.stop();
    const log = await file('server.log', server.output());
    const withoutIndex = await run(['rules', 'check', await file('rules.json', RULES), '--log', log]);
    expect(withoutIndex).toContain('clients order /users by age');
    const indexed = RULES.replace('"$uid":', '".indexOn": "age", "$uid":');
    expect(await run(['rules', 'check', await file('rules.json', indexed), '--log', log])).not.toContain(
      'clients order',
    );
  });

  test('coverage tells what the cases never made false', async () => {
    const op = { type: 'write', path: '/users/ann', value: 2 };
    const rules = JSON.parse(RULES) as unknown;
    const one = { name: 'own', rules, data: null, auth: { uid: 'ann' }, now: 0, op, expect: 'allow' };
    const printed = await run(['rules', 'coverage', await file('cases.json', JSON.stringify([one]))]);
    expect(printed).toMatch(/auth\.uid == \$uid.*never false/);
  });
});

test('an operator manages rules and users of a data folder, whether a server runs on it or not', async () => {
  const rules = await file('rules.json', RULES);
  const on = ['--data', data];
  await run(['rules', 'set', rules, ...on]);
  expect(await run(['rules', 'get', ...on])).toBe(RULES);
  await run(['create-admin', 'root', ...on], 'correct horse battery\n');
  const server = await startServer({ dataDir: data, workers: 2, args: ['--mode', 'production'] });
  const url = ['--url', `127.0.0.1:${server.tcpPort}`];
  try {
    const token = await run(['token', '--uid', 'ann', '--claims', '{"role":"clerk"}', ...on]);
    const set = (value: string): Promise<Outcome> =>
      runBackside(['set', '/users/ann', value, ...url], { env: { BACKSIDE_TOKEN: token } });
    expect(await set('2')).toMatchObject({ code: 0 });
    const refused = await set('"text"');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('Permission denied (trace ') });
    const trace = /trace ([^)]+)\)/.exec(refused.stderr)![1]!;
    expect(await run(['rules', 'explain', trace, ...on])).toContain('newData.val() > 1: (error)');
    expect(await run(['rules', 'coverage', ...on])).toContain('/users/$uid/.write');
    expect(await run(['users', 'list', ...on])).toMatch(/ann .*\n.* root .* admin|root .* admin.*\nann /s);
    await run(['rules', 'set', await file('closed.json', '{"rules": {}}'), ...on]);
    expect(await set('3')).toMatchObject({ code: 1 });
    expect(await run(['rules', 'history', ...on])).toMatch(/^ +2 .*\n +1 /);
    await run(['rules', 'rollback', '1', ...on]);
    expect(await set('4')).toMatchObject({ code: 0 });
    await run(['users', 'disable', 'ann', ...on]);
    expect(await set('5')).toMatchObject({ code: 1, stderr: expect.stringContaining('Sign-in refused') });
    await run(['users', 'delete', 'ann', ...on]);
    const reset = await run(['users', 'reset', 'root', ...on]);
    const confirmed = await askHttp(server.httpPort, '/auth/reset', {
      json: { token: reset, password: 'staple battery' },
    });
    expect(confirmed.status).toBeLessThan(300);
    const login = { json: { login: 'root', password: 'staple battery' } };
    expect(await askHttp(server.httpPort, '/auth/login', login)).toMatchObject({ status: 200 });
    expect(await askHttp(server.httpPort, '/.settings/rules.json')).toMatchObject({ status: 401 });
  } finally {
    await server.stop();
  }
});

test.each([
  ['users', 'list'],
  ['rules', 'history'],
  ['token', '--uid', 'x'],
])('%s %s refuses a folder that holds nothing, and makes none', async (...words) => {
  const outcome = await runBackside([...words, '--data', data]);
  const stderr = expect.stringMatching(/^backside: .*data holds no database named default/);
  expect(outcome).toEqual({ code: 1, stdout: '', stderr });
  await expect(access(data)).rejects.toThrow('ENOENT');
});

test('in development a rules file is in force as soon as it is saved, unless it has errors', async () => {
  const rules = await file('rules.json', '{"rules": {".read": true, ".write": true}}');
  const server = await startServer({ args: ['--rules', rules] });
  const set = (): Promise<Outcome> => runBackside(['set', '/a', '1', '--url', `127.0.0.1:${server.tcpPort}`]);
  try {
    expect(await set()).toMatchObject({ code: 0 });
    await file('rules.json', '{"rules": {".read": "nonsense"}}');
    await until(() => server.output().includes('the rules before stay in force'), 'the message about the error');
    expect(await set()).toMatchObject({ code: 0 });
    await file('rules.json', '{"rules": {".read": true}}');
    await until(() => /rules are in force .*version=2/.test(server.output()), 'the message about the new rules');
    expect(await set()).toMatchObject({ code: 1 });
  } finally {
    await server.stop();
  }
});

test('production refuses a rules file with errors, and says where they are', async () => {
  const rules = await file('rules.json', '{"rules": {\n".read": "nonsense"}}');
  const started = await runBackside(['start', '--rules', rules, '--data', data, '--port', '0', '--tcp-port', '0']);
  expect(started).toMatchObject({ code: 2, stdout: '' });
  expect(started.stderr).toContain(`${rules}:2:11 /.read`);
});
