import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writeWholeFile } from './whole-file.js';

test('a file is there in full, or nothing of it is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'backside-whole-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'all.json');
  await expect(writeWholeFile(file, failing())).rejects.toThrow('the source failed');
  expect(await readdir(folder)).toEqual([]);
  await writeWholeFile(file, [Buffer.from('a'), Buffer.from('b')]);
  expect(await readFile(file, 'utf8')).toBe('ab');
});

async function* failing(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('a');
  throw new Error('the source failed');
}
