import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startServer } from '../harness/server.js';
import type { HeardListen, History, SeenEvent } from './history/history.js';

const COMMAND = fileURLToPath(new URL('history.ts', import.meta.url));
const NODE = ['--conditions=source', '--import', import.meta.resolve('tsx')];

async function run(...args: string[]): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [...NODE, COMMAND, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close') as Promise<[number]>]);
  return { code, output };
}

it('records what clients see of running workers, and judges a recorded history', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'backside-history-'));
  const server = await startServer({ workers: 2 });
  try {
    const file = join(folder, 'history.json');
    const url = `stomp://127.0.0.1:${server.tcpPort}`;
    const recorded = await run('--url', url, '--url', url, '--seconds', '2', '--output', file);
    expect(recorded.output).toContain('every promise was kept');
    expect(recorded.code).toBe(0);
    const history = JSON.parse(await readFile(file, 'utf8')) as History;
    const { events } = history.listens[0] as HeardListen & { events: SeenEvent[] };
    events.splice(events.length >> 1, 1);
    await writeFile(file, JSON.stringify(history));
    const judged = await run('--check', file);
    expect(judged.output).toMatch(/broken: listener listener-0 of \/ got revision \d+ after \d+, and never \d+/);
    expect(judged.code).toBe(1);
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

it('says how it is used', async () => {
  const { code, output } = await run('--help');
  expect(code).toBe(0);
  for (const option of [
    '--url',
    '--nodes',
    '--store',
    '--notifier',
    '--fault',
    '--writers',
    '--listeners',
    '--check',
  ]) {
    expect(output).toContain(option);
  }
});
