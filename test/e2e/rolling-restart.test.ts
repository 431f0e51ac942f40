import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { processTree } from '../harness/measure.js';
import { type ServerHandle, startServer } from '../harness/server.js';

const SOON = { timeout: 30_000, interval: 50 };

describe('two workers whose settings change', () => {
  let folder: string;
  let server: ServerHandle;
  const write = (settings: object): Promise<void> => writeFile(join(folder, 'settings.json'), JSON.stringify(settings));
  const said = (text: string): number => server.output().split(text).length - 1;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'backside-rolling-'));
    await write({});
    server = await startServer({ workers: 2, args: ['--config', join(folder, 'settings.json')] });
  });
  afterAll(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const workers = (): number[] => processTree(server.pid).filter((pid) => pid !== server.pid);
  const put = async (bytes: number): Promise<number> => {
    const url = `http://127.0.0.1:${server.httpPort}/.media/file`;
    const answer = await fetch(url, { method: 'PUT', body: 'x'.repeat(bytes), headers: { connection: 'close' } });
    return answer.status;
  };

  it('take a limit of uploads on at once, all of them', async () => {
    await write({ maxUploadBytes: 10 });
    process.kill(server.pid, 'SIGHUP');
    await expect.poll(() => said('the settings were read again'), SOON).toBe(1);
    const statuses = async (): Promise<number[]> => Promise.all(Array.from({ length: 8 }, () => put(11)));
    await expect.poll(statuses, SOON).toEqual(Array(8).fill(413));
    expect(await put(10)).toBe(200);
  });

  it('stay when new ones cannot start, and are followed by such with the settings that worked', async () => {
    const before = workers();
    const broken = { blobs: 's3', blobsUrl: 'http://key:secret@127.0.0.1:9' };
    await write({ ...broken, maxUploadBytes: 10 });
    process.kill(server.pid, 'SIGUSR2');
    await expect.poll(() => said('the workers are replaced one after the other'), SOON).toBe(1);
    await write({ ...broken, maxUploadBytes: 15 });
    process.kill(server.pid, 'SIGHUP');
    await expect.poll(() => said('a new worker could not start; the others are not replaced'), SOON).toBe(1);
    await expect.poll(workers, SOON).toEqual(before);
    process.kill(before[0]!, 'SIGKILL');
    await expect.poll(() => said('a new worker serves'), SOON).toBe(1);
    expect(workers()).toHaveLength(2);
    // What was read again meanwhile counts, also for the new one.
    const statuses = Promise.all([
      ...Array.from({ length: 8 }, () => put(15)),
      ...Array.from({ length: 8 }, () => put(16)),
    ]);
    expect(await statuses).toEqual([...Array(8).fill(200), ...Array(8).fill(413)]);
  });

  it('are replaced once the settings can be used', async () => {
    const before = workers();
    await write({ maxUploadBytes: 20 });
    process.kill(server.pid, 'SIGUSR2');
    await expect.poll(() => said('all workers have been replaced'), SOON).toBe(1);
    expect(workers().filter((pid) => before.includes(pid))).toEqual([]);
    expect([await put(20), await put(21)]).toEqual([200, 413]);
  });
});
