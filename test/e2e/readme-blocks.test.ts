import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BACKSIDE, type ServerHandle, startServer } from '../harness/server.js';
import { isExpectedOutput, type ReadmeBlock, readmeBlocks } from './readme-blocks.js';
import { runBackside } from './run-backside.js';

const ROOT = new URL('../../', import.meta.url);
const CONFIG = fileURLToPath(new URL('config/', ROOT));
/** What `npm start` serves. */
const DEV = ['--sign-up', '--anonymous', '--jobs', `${CONFIG}jobs`, '--functions', `${CONFIG}functions`];
const LEGACY = ['--backendjs', '--backendjs-settings', `${CONFIG}backendjs.settings.json`];
const READMES = ['README.md', ...['rest', 'media', 'jobs', 'backendjs'].map((name) => `packages/${name}/README.md`)];
const BLOCK_TIMEOUT_MS = 30_000;
/** The server may have to be built. */
const START_TIMEOUT_MS = 180_000;
/** Every curl of a block fails the block if it is refused. */
const PRELUDE = 'curl() { command curl -fsS "$@"; }\n';

const blocks = new Map<string, ReadmeBlock[]>();
for (const name of READMES) blocks.set(name, readmeBlocks(await readFile(new URL(name, ROOT), 'utf8')));

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(script: string, { cwd, env }: { cwd: string; env: Record<string, string> }): Promise<Ran> {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', PRELUDE + script], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: BLOCK_TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}

describe('the commands in', () => {
  let server: ServerHandle;
  let folder: string;
  let token: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'backside-readme-'));
    server = await startServer({ args: [...DEV, ...LEGACY] });
    token = await adminToken(server);
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test.each(READMES)('%s do what is said there, in their order', async (name) => {
    const env = { URL: `http://127.0.0.1:${server.httpPort}`, TOKEN: token };
    const cwd = await mkdtemp(join(folder, 'blocks-'));
    const failed: string[] = [];
    for (const { line, script, expected } of blocks.get(name)!) {
      const { code, stdout, stderr } = await run(script, { cwd, env });
      if (code !== 0) failed.push(`${name}:${line} ended with ${code}: ${stderr}${stdout}`);
      else if (expected !== null && !isExpectedOutput(stdout, expected))
        failed.push(`${name}:${line} printed ${stdout}\nwhere the README has ${expected.text}`);
    }
    expect(failed.join('\n\n')).toBe('');
  });
});

test(
  'the rules of the README are free of doubt, and let a user in who signs up as it says',
  async () => {
    const fences = [...(await readFile(new URL('README.md', ROOT), 'utf8')).matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)];
    const blockOf = (part: string): string => fences.find(([, , script]) => script!.includes(part))![2]!;
    const cwd = await mkdtemp(join(tmpdir(), 'backside-readme-'));
    const rules = join(cwd, 'rules.json');
    await writeFile(rules, blockOf('"rules": {'));
    expect(await runBackside(['rules', 'check', rules])).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^\S+: no errors, 0 warnings\n$/),
      stderr: '',
    });
    const server = await startServer({ args: ['--mode', 'production', '--rules', rules, '--sign-up'] });
    try {
      const env = { BACKSIDE_URL: `127.0.0.1:${server.tcpPort}` };
      const script = blockOf('curl -s localhost:5000/auth/signup')
        .replace('localhost:5000', `127.0.0.1:${server.httpPort}`)
        .replace('npx backside', `node ${BACKSIDE}`);
      expect(await run(script, { cwd, env })).toEqual({
        code: 0,
        stdout: expect.stringMatching(/^\d+\n$/),
        stderr: '',
      });
    } finally {
      await server.stop();
      await rm(cwd, { recursive: true, force: true });
    }
  },
  START_TIMEOUT_MS,
);

test('there are such commands for every interface', () => {
  const without = READMES.filter((name) => blocks.get(name)!.length === 0);
  expect(without).toEqual([]);
});

/** The access token of a new admin. */
async function adminToken({ dataDir }: ServerHandle): Promise<string> {
  const made = await runBackside(['create-admin', 'admin@example.com', '--data', dataDir], {
    input: 'correct horse battery\n',
  });
  expect(made.code, made.stderr).toBe(0);
  const uid = /uid (\S+)/.exec(made.stdout)![1]!;
  const issued = await runBackside(['token', '--uid', uid, '--data', dataDir]);
  expect(issued.code, issued.stderr).toBe(0);
  return issued.stdout.trim();
}
