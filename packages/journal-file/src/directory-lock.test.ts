import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockDirectory } from './directory-lock.js';

describe('directory lock', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'backside-lock-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  it('refuses a second holder, naming the first, until it is released', async () => {
    const lock = await lockDirectory(directory);
    await expect(lockDirectory(directory)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(`process ${process.pid}`),
    });
    await lock.release();
    const again = await lockDirectory(directory);
    await expect(lockDirectory(directory)).rejects.toMatchObject({ code: 'unavailable' });
    await again.release();
  });

  it('lets exactly one of many have it', async () => {
    for (let round = 0; round < 10; round++) {
      const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => lockDirectory(directory)));
      const taken = attempts.filter((attempt) => attempt.status === 'fulfilled');
      expect(taken.length).toBe(1);
      await taken[0]!.value.release();
    }
    expect((await readdir(directory)).length).toBe(1);
  });

  it('is free when its holder was killed, and when its process id now belongs to another process', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    await once(child, 'spawn');
    const lock = await lockDirectory(directory);
    const holder = JSON.parse(await readFile(join(directory, 'lock.1'), 'utf8'));
    const writeHolder = (fields: object): Promise<void> =>
      writeFile(join(directory, 'lock.1'), JSON.stringify({ ...holder, ...fields }));

    await writeHolder({ pid: child.pid, start: '' });
    await expect(lockDirectory(directory)).rejects.toMatchObject({
      message: expect.stringContaining(`process ${child.pid}`),
    });
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    await (await lockDirectory(directory)).release();
    await lock.release();
  });

  it('knows a process from a later one with the same id, and one run of the machine from the next', async (context) => {
    const lock = await lockDirectory(directory);
    const holder = JSON.parse(await readFile(join(directory, 'lock.1'), 'utf8'));
    if (holder.start === '') context.skip('the system does not tell when a process was started');
    await writeFile(join(directory, 'lock.1'), JSON.stringify({ ...holder, start: '1' }));
    await (await lockDirectory(directory)).release();
    await writeFile(join(directory, 'lock.2'), JSON.stringify({ ...holder, boot: 'another' }));
    await (await lockDirectory(directory)).release();
    await writeFile(join(directory, 'lock.3'), JSON.stringify(holder));
    await expect(lockDirectory(directory)).rejects.toMatchObject({ code: 'unavailable' });
    await lock.release();
  });
});
