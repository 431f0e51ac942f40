import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openSecretKey, parseSecretKey } from './secret-key.js';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'secret-key-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

test('a key is made once, for its owner alone, and is the same ever after', async () => {
  const file = join(await folder(), 'legacy.key');
  const key = await openSecretKey(file);
  expect(key).toHaveLength(32);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(Buffer.from(await openSecretKey(file))).toEqual(Buffer.from(key));
});

test('of many who come at once one makes it, and all get it', async () => {
  const file = join(await folder(), 'legacy.key');
  const keys = await Promise.all(Array.from({ length: 20 }, () => openSecretKey(file)));
  expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1);
});

test('a file that holds something else is left alone', async () => {
  const file = join(await folder(), 'legacy.key');
  await writeFile(file, 'my notes\n');
  await expect(openSecretKey(file)).rejects.toThrow('32 bytes');
  expect(await readFile(file, 'utf8')).toBe('my notes\n');
});

test('a key from a setting is 32 bytes in base64', () => {
  expect(parseSecretKey(Buffer.alloc(32, 7).toString('base64'))).toHaveLength(32);
  expect(() => parseSecretKey('c2hvcnQ=')).toThrow();
});
