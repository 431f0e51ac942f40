import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rmdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitAt, contents, segmentNames, TestDirectory } from './test-directory.js';

const CHILD = fileURLToPath(new URL('./full-disk.child.ts', import.meta.url));
const LOADER = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

describe('file journal after a failed write', () => {
  let directory: TestDirectory;
  beforeEach(async () => {
    directory = await TestDirectory.create();
  });
  afterEach(async () => {
    await directory.remove();
  });

  it.skipIf(process.platform !== 'linux')(
    'refuses while the disk is full, and goes on by itself once there is room',
    { timeout: 60_000 },
    async () => {
      const lines = await runWithSmallFiles(directory.journalPath);
      const stored = Number(lines[0]);
      expect(stored).toBeGreaterThan(0);
      expect(lines.slice(1)).toEqual([
        'append unavailable',
        'still unavailable',
        `head ${stored}`,
        `appended ${stored + 1}`,
        `same history true`,
      ]);
      const journal = await directory.open();
      const found = await contents(journal);
      expect(found.length).toBe(stored + 1);
      expect(found.at(-1)).toBe(`${stored + 1}:after`);
    },
  );

  it('goes on where a new segment could not be begun', async () => {
    const journal = await directory.open({ segmentBytes: 300, sleep: () => new Promise(setImmediate) });
    for (let base = 0; base < 3; base++) await journal.append(base, [commitAt(base + 1)]).durable;
    const before = await segmentNames(directory.journalPath);
    const inTheWay = join(directory.journalPath, '0000000000000005.journal.new');
    await mkdir(inTheWay);
    let head = 3;
    await expect(async () => {
      for (; head < 10; head++) await journal.append(head, [commitAt(head + 1)]).durable;
    }).rejects.toMatchObject({ code: 'unavailable', cause: { code: 'EISDIR' } });
    expect(head).toBe(4);
    await expect(journal.append(4, [commitAt(5)]).durable).rejects.toMatchObject({ code: 'unavailable' });
    await rmdir(inTheWay);
    await expect.poll(() => directory.warnings).toContain('the journal has recovered from a failed write');
    for (; head < 10; head++) await journal.append(head, [commitAt(head + 1)]).durable;
    expect((await segmentNames(directory.journalPath)).length).toBeGreaterThan(before.length);
    await journal.close();
    expect((await contents(await directory.open())).length).toBe(10);
  });

  it('can be closed while it waits to recover', async () => {
    const journal = await directory.open({ segmentBytes: 300, sleep: () => new Promise(() => undefined) });
    await mkdir(join(directory.journalPath, '0000000000000005.journal.new'));
    for (let base = 0; base < 4; base++) await journal.append(base, [commitAt(base + 1)]).durable;
    await expect(journal.append(4, [commitAt(5)]).durable).rejects.toMatchObject({ code: 'unavailable' });
    await journal.close();
    await rmdir(join(directory.journalPath, '0000000000000005.journal.new'));
    expect((await contents(await directory.open())).length).toBe(4);
  });
});

/** What the child prints, line by line, when files may not grow above one megabyte until it lifts the limit. */
async function runWithSmallFiles(path: string): Promise<string[]> {
  const limited = `trap '' XFSZ; ulimit -S -f 1024; exec "$0" "$@"`;
  const command = [process.execPath, '--conditions=source', '--import', LOADER, CHILD, path];
  const child = spawn('bash', ['-c', limited, ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (text: Buffer) => {
    output += text;
  });
  await once(child, 'close');
  return output.trim().split('\n');
}
