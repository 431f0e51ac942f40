import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BACKSIDE, type ServerHandle, startServer } from '../harness/server.js';
import { type Outcome, type RunOptions, runBackside } from './run-backside.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backside-cli-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function writeJson(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

describe('help', () => {
  test('the overview lists the commands, and each of them tells its options', async () => {
    const { code, stdout } = await runBackside(['help']);
    expect(code).toBe(0);
    const commands = [...stdout.matchAll(/^ {2}(\S+(?: \S+)?) {2,}/gm)].map(([, name]) => name!);
    expect(commands).toContain('start');
    expect(commands).toContain('rules explain');
    const helps = await Promise.all(commands.map((command) => runBackside([...command.split(' '), '--help'])));
    for (const [index, help] of helps.entries()) {
      expect(help.code).toBe(0);
      expect(help.stdout).toMatch(new RegExp(`^Usage: backside ${commands[index]}`));
    }
  });

  test('the version is printed', async () => {
    expect((await runBackside(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('a command line or configuration that cannot be used ends with 2 and names the place', () => {
  test.each<[string, string[], Record<string, string>, RegExp]>([
    ['an unknown command', ['strat'], {}, /strat: unknown command; did you mean start\?/],
    ['an unknown flag', ['start', '--dve'], {}, /--dve: unknown flag; did you mean --dev\?/],
    ['an unknown variable', ['config'], { BACKSIDE_PORTS: '1' }, /BACKSIDE_PORTS: unknown environment variable/],
    ['a missing argument', ['get'], {}, /backside get PATH: PATH is missing/],
    ['a surplus argument', ['get', '/a', '/b'], {}, /"\/b" is one argument too many/],
    ['JSON that is none', ['set', '/a', '{'], {}, /the value is not JSON/],
    ['the first word of a command', ['users'], {}, /users is the first word of users list, /],
    ['a file that is not there', ['rules', 'check', 'r.json'], {}, /r\.json cannot be read: ENOENT/],
    ['rules that are not there', ['start', '--rules', 'r.json'], {}, /rules: ENOENT: .*r\.json/],
    ['a public URL that is none', ['start', '--public-url', 'data'], {}, /publicUrl: "data" is not an http/],
    ['limits that contradict', ['start', '--dev', '--soft-queue-bytes', '1GiB'], {}, /softQueueBytes must not be more/],
  ])('%s', async (_what, args, env, message) => {
    const { code, stdout, stderr } = await runBackside(args, { env });
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  test('an unknown key in the file', async () => {
    const file = await writeJson('bad.json', '{\n  "mode": "development",\n  "prot": 1\n}');
    const { code, stderr } = await runBackside(['start', '--config', file]);
    expect(code).toBe(2);
    expect(stderr).toContain(`${file}: prot (line 3): unknown key; did you mean port?`);
  });
});

test('config prints every value and its origin, and the example files are valid', async () => {
  const file = await writeJson('good.json', '{"port": 7000, "tcpPort": 7001}');
  const env = { BACKSIDE_TCP_PORT: '8001', BACKSIDE_CONFIG: file };
  const { code, stdout } = await runBackside(['config', '--dev'], { env });
  expect(code).toBe(0);
  const rows = new Map(stdout.split('\n').map((line) => [line.split(/ +/)[0], line.split(/ +/).slice(1).join(' ')]));
  expect(rows.get('mode')).toBe('development --dev');
  expect(rows.get('tcpPort')).toBe('8001 BACKSIDE_TCP_PORT');
  expect(rows.get('port')).toBe(`7000 ${file}: port (line 1)`);
  expect(rows.get('maxWriteBytes')).toBe('16MiB default');
  for (const example of ['dev.json', 'production.example.json']) {
    const path = new URL(`../../config/${example}`, import.meta.url).pathname;
    expect(await runBackside(['config', '--config', path])).toMatchObject({ code: 0, stderr: '' });
  }
});

describe('with a server', () => {
  let server: ServerHandle;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  function run(args: string[], options?: RunOptions): Promise<Outcome> {
    return runBackside([...args, '--url', `127.0.0.1:${server.tcpPort}`], options);
  }

  test('what set wrote, get reads over TCP and websocket', async () => {
    const { code, stdout } = await run(['set', '/cli/a', '-'], { input: '{"b": [1, 2], ".priority": 3}' });
    expect(code).toBe(0);
    expect(Number(stdout)).toBeGreaterThan(0);
    expect(await run(['get', '/cli/a'])).toEqual({ code: 0, stdout: '{"b":[1,2]}\n', stderr: '' });
    const viaWebsocket = await runBackside(['get', 'cli/a/b', '--url', server.url]);
    expect(viaWebsocket).toEqual({ code: 0, stdout: '[1,2]\n', stderr: '' });
    expect((await run(['get', '/cli/a', '--format', 'export'])).stdout).toContain('".priority":3');
  });

  test('get takes a query', async () => {
    await run(['set', '/cli/people', '{"x": {"age": 3}, "y": {"age": 1}, "z": {"age": 2}}']);
    const { stdout } = await run(['get', '/cli/people', '--query', '{"orderBy":"age","limitToFirst":2}']);
    expect(JSON.parse(stdout)).toEqual({ y: { age: 1 }, z: { age: 2 } });
  });

  test('watch prints the state, then each change', async () => {
    await run(['set', '/cli/w', '{"n": 0}']);
    const watching = run(['watch', '/cli/w', '--count', '2']);
    await expect
      .poll(async () => (await fetch(`http://127.0.0.1:${server.httpPort}/metrics`)).text(), { timeout: 20_000 })
      .toContain('backside_database_subscriptions{database="default"} 1');
    const revision = (await run(['set', '/cli/w/n', '1'])).stdout.trim();
    const { code, stdout } = await watching;
    expect(code).toBe(0);
    const [first, second] = stdout.trim().split('\n');
    expect(first).toMatch(/^\d+ put \/cli\/w \{"n":0\}$/);
    expect(second).toBe(`${revision} put /cli/w/n 1`);
  });

  test('a refusal ends with 1 and says why', async () => {
    const { code, stderr } = await run(['set', '/cli/bad', '{"a/b": 1}']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^backside: Invalid data/);
    expect((await runBackside(['get', '/', '--url', '127.0.0.1:1'])).stderr).toContain('ECONNREFUSED');
  });

  test('a command ends without a word when nobody takes its output any more, and with one when it cannot be written', async () => {
    await run(['set', '/cli/wide', '-'], { input: JSON.stringify('x'.repeat(2 ** 20)) });
    const get = ['get', '/cli/wide', '--url', `127.0.0.1:${server.tcpPort}`];
    const child = spawn(process.execPath, [BACKSIDE, ...get], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.once('data', () => child.stdout.destroy());
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    const full = await open('/dev/full', 'w');
    const refused = spawn(process.execPath, [BACKSIDE, ...get], { stdio: ['ignore', full.fd, 'pipe'] });
    expect(await text(refused.stderr!)).toMatch(/^backside: the output cannot be written: ENOSPC: [^\n]*\n$/);
    await full.close();
  });

  test('a database that the server has not is refused, and its first one is not written', async () => {
    const file = await writeJson('elsewhere.json', '1');
    const stderr = `backside: stomp://127.0.0.1:${server.tcpPort} has no database named other\n`;
    for (const command of [
      ['set', '/cli/elsewhere', '1'],
      ['import', file, '/cli/elsewhere'],
    ])
      expect(await run([...command, '--database', 'other'])).toEqual({ code: 1, stdout: '', stderr });
    expect((await run(['get', '/cli/elsewhere', '--database', 'default'])).stdout).toBe('null\n');
  });

  test('a URL of another port or protocol is told for what it is', async () => {
    const [http, tcp] = [`127.0.0.1:${server.httpPort}`, `127.0.0.1:${server.tcpPort}`];
    const expected = new Map([
      [`stomp://${http}`, 'STOMP'],
      [`ws://${tcp}`, 'HTTP'],
      [`stomps://${tcp}`, 'TLS'],
      [`wss://${http}`, 'TLS'],
    ]);
    for (const [url, protocol] of expected) {
      const stderr = `backside: ${url} cannot be used: it does not speak ${protocol} on that port\n`;
      expect(await runBackside(['get', '/', '--url', url])).toEqual({ code: 1, stdout: '', stderr });
    }
    const admin = await runBackside(['users', 'list', '--url', `https://${http}`, '--token', 'x']);
    expect(admin.stderr).toBe(`backside: https://${http} cannot be used: it does not speak TLS on that port\n`);
  });

  test('a second server on the same ports or the same folder is refused with the reason', async () => {
    const ports = ['--dev', '--port', String(server.httpPort), '--tcp-port', '0'];
    const samePort = await runBackside(['start', ...ports, '--data', join(folder, 'other')]);
    expect(samePort).toMatchObject({ code: 1, stdout: '' });
    expect(samePort.stderr).toContain(`port: port ${server.httpPort} on 127.0.0.1 is in use by another process`);
    const sameData = await runBackside(['start', '--dev', '--port', '0', '--tcp-port', '0', '--data', server.dataDir]);
    expect(sameData).toMatchObject({ code: 1, stdout: '' });
    expect(sameData.stderr).toContain(`is in use by process ${server.pid}`);
  });

  test('health and metrics are served, everything else is not found', async () => {
    const base = `http://127.0.0.1:${server.httpPort}`;
    const health = await fetch(`${base}/health`);
    expect([health.status, ((await health.json()) as { status: string }).status]).toEqual([200, 'ok']);
    expect(await (await fetch(`${base}/metrics`)).text()).toMatch(/^backside_proxy_connections_total [1-9]/m);
    expect((await fetch(`${base}/elsewhere`)).status).toBe(404);
    expect((await fetch(`${base}/health`, { method: 'POST' })).status).toBe(405);
  });
});

describe('doctor', () => {
  test('finds a sound folder sound, while a server runs on it, and damage damaged until it is repaired', async () => {
    const dataDir = join(folder, 'doctored');
    const flags = ['--data', dataDir, '--port', '0', '--tcp-port', '0'];
    const server = await startServer({ dataDir });
    const url = `127.0.0.1:${server.tcpPort}`;
    for (const n of [1, 2, 3]) await runBackside(['set', `/n${n}`, JSON.stringify('x'.repeat(100)), '--url', url]);
    expect(await runBackside(['doctor', ...flags])).toMatchObject({ code: 0, stderr: '' });
    await server.kill();

    const journal = join(dataDir, 'default/journal/0000000000000001.journal');
    const bytes = await readFile(journal);
    const at = bytes.indexOf('/n2') + 10;
    bytes[at] = bytes[at]! ^ 0xff;
    await writeFile(journal, bytes);
    const damaged = await runBackside(['doctor', ...flags]);
    expect(damaged.code).toBe(1);
    expect(damaged.stdout).toMatch(/^FAIL.*0000000000000001\.journal at byte \d+: /m);
    const refused = await runBackside(['start', '--dev', ...flags]);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain(`backside doctor --data ${dataDir} --repair`);

    const repaired = await runBackside(['doctor', '--repair', ...flags]);
    expect(repaired).toMatchObject({ code: 0, stdout: expect.stringContaining('(repaired)') });
    const again = await startServer({ dataDir });
    const rest = await runBackside(['get', '/', '--url', `127.0.0.1:${again.tcpPort}`]);
    expect(Object.keys(JSON.parse(rest.stdout))).toEqual(['n1']);
    expect(await again.stop()).toBe(0);
  });
});
