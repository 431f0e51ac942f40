import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ServerHandle, startServer } from '../harness/server.js';
import { runBackside } from './run-backside.js';

/** The processes that a process has started. */
async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text
    .trim()
    .split(' ')
    .filter((word) => word !== '')
    .map(Number);
}

test('what several workers left, also when all were killed, one process serves, and the other way round', async () => {
  const first = await startServer({ workers: 2 });
  const { dataDir } = first;
  const set = (key: string, { tcpPort }: ServerHandle): Promise<unknown> =>
    runBackside(['set', `/${key}`, `"${key}"`, '--url', `127.0.0.1:${tcpPort}`]);
  let last = first;
  try {
    await set('a', first);
    process.kill(first.pid, 'SIGKILL');
    await first.ended;
    last = await startServer({ dataDir });
    await set('b', last);
    await last.stop();
    last = await startServer({ dataDir, workers: 2 });
    await set('c', last);
    const all = await runBackside(['get', '/', '--url', last.url]);
    expect(all).toEqual({ code: 0, stdout: '{"a":"a","b":"b","c":"c"}\n', stderr: '' });
  } finally {
    await last.stop();
    await first.stop();
  }
});

describe('two workers', () => {
  let server: ServerHandle;
  beforeAll(async () => {
    server = await startServer({ workers: 2 });
  });
  afterAll(() => server.stop());

  async function run(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await runBackside([...args, '--url', `127.0.0.1:${server.tcpPort}`]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout.trim();
  }

  test('share the ports: what is written through one is read through the other', async () => {
    expect(server.output().match(/^backside ready /gm)).toHaveLength(1);
    expect(await childrenOf(server.pid)).toHaveLength(2);
    for (let n = 0; n < 6; n += 1) {
      await run('set', `/shared/n${n}`, String(n));
      expect(await run('get', `/shared/n${n}`)).toBe(String(n));
    }
  });

  test('answer the metrics of both together', async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${server.httpPort}/metrics`)).text();
    const counts = [...metrics.matchAll(/^backside_proxy_connections_total\{worker="[^"]+"\} (\d+)$/gm)];
    expect(counts).toHaveLength(2);
    const accepted = counts.reduce((sum, [, count]) => sum + Number(count), 0);
    expect(accepted).toBeGreaterThanOrEqual(12);
  });

  test('one that is killed is replaced, the other goes on, and nothing is lost', async () => {
    await run('set', '/survivor', '"before"');
    const before = await childrenOf(server.pid);
    process.kill(before[0]!, 'SIGKILL');
    expect(await run('get', '/survivor')).toBe('"before"');
    await expect.poll(() => server.output(), { timeout: 30_000 }).toContain('a new worker serves');
    const after = await childrenOf(server.pid);
    expect(after).toHaveLength(2);
    expect(after).not.toContain(before[0]);
    for (let n = 0; n < 4; n += 1) await run('set', '/survivor', String(n));
    expect(await run('get', '/survivor')).toBe('3');
  });

  test('end together with the primary, in order', async () => {
    const workers = await childrenOf(server.pid);
    expect(await server.stop()).toBe(0);
    for (const pid of workers) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});
