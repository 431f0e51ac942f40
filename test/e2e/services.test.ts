import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { isRunning, processTree, standsStill, waitUntil } from '../harness/measure.js';
import { type ServiceName, startService } from '../services/index.js';
import { withServices } from '../services/with-services.js';

const NAMES: readonly ServiceName[] = ['redis', 'rabbitmq', 'mongodb', 'postgres', 'nats'];
const SERVICES = fileURLToPath(new URL('../services/index.ts', import.meta.url));
const NODE = ['--conditions=source', '--import', import.meta.resolve('tsx')];

describe.each(NAMES)('a %s server of a test', (name) => {
  it('can be killed and started again in its place, stands still and goes on, and ends', async ({ skip }) => {
    const service = await startService(name);
    if (service === null) return skip(`there is no ${name}`);
    const { port, url } = service;
    try {
      const before = ownProcesses();
      expect(await takesConnections(port)).toBe(true);
      await service.kill();
      await waitUntil(() => !before.some(isRunning), `all of ${name} to be gone`);
      await service.restart();
      expect(service.url).toBe(url);
      expect(await takesConnections(port)).toBe(true);
      const running = ownProcesses();
      service.freeze();
      await waitUntil(
        () => running.every((pid) => !isRunning(pid) || standsStill(pid)),
        `all of ${name} to stand still`,
      );
      service.thaw();
      await waitUntil(() => !running.some(standsStill), `${name} to go on`);
    } finally {
      await service.stop();
    }
    expect(await takesConnections(port)).toBe(false);
    expect(ownProcesses()).toEqual([]);
  });

  it('does not outlive the process that started it, however that ends', async ({ skip }) => {
    const program = `const { startService } = await import(${JSON.stringify(SERVICES)});
      const service = await startService('${name}');
      process.stdout.write(service === null ? 'none' : String(service.port));
      setInterval(() => {}, 1000);`;
    const owner = spawn(process.execPath, [...NODE, '--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, REQUIRE_SERVICES: '' },
    });
    const said = await firstWords(owner);
    const servers = processTree(owner.pid!).slice(1);
    owner.kill('SIGKILL');
    if (said === 'none') return skip(`there is no ${name}`);
    await waitUntil(() => !servers.some(isRunning), `the ${name} server on port ${said} to end`);
  });
});

it('runs a command with the servers in its environment, and ends with its exit code', async () => {
  const command = [process.execPath, '-e', 'process.exit(process.env.REDIS_URL?.startsWith("redis://") ? 7 : 8)'];
  const before = process.env.REDIS_URL;
  process.env.REDIS_URL = 'redis://127.0.0.1:1';
  try {
    expect(await withServices(['redis'], command)).toBe(7);
  } finally {
    if (before === undefined) delete process.env.REDIS_URL;
    else process.env.REDIS_URL = before;
  }
});

/** The processes below this one, but for those that watch over the others. */
function ownProcesses(): number[] {
  const isServer = (pid: number): boolean => isRunning(pid) && !commandOf(pid).includes('process.stdin.on');
  return processTree(process.pid).slice(1).filter(isServer);
}

/** Empty once it is gone. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

async function firstWords(child: ChildProcess): Promise<string> {
  const [chunk] = (await once(child.stdout!, 'data')) as [Buffer];
  return chunk.toString();
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const taken = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return taken;
}
