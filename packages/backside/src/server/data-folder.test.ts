import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDataFolder, readDataFormat } from './data-folder.js';
import { FolderAccessError } from './folder-access-error.js';

let data: string;
beforeEach(async () => {
  data = join(await mkdtemp(join(tmpdir(), 'backside-folder-')), 'data');
});
afterEach(() => rm(join(data, '..'), { recursive: true }));

test('says of itself whether it holds the data or a copy, and is refused for the other kind of store', async () => {
  await (await openDataFolder({ data, store: 'mongodb' })).close();
  expect(await readDataFormat(data)).toEqual({ format: 1, holds: 'copy' });
  await (await openDataFolder({ data, store: 'postgres' })).close();
  await expect(openDataFolder({ data, store: 'embedded' })).rejects.toThrow("holds a node's copy of a shared store");
});

test('a folder of a release that knew no copies holds the data', async () => {
  await mkdir(data);
  await writeFile(join(data, 'backside.json'), '{"format":1}\n');
  await (await openDataFolder({ data, store: 'embedded' })).close();
  await expect(openDataFolder({ data, store: 'mongodb' })).rejects.toThrow('backside export');
  expect(await readFile(join(data, 'backside.json'), 'utf8')).toBe('{"format":1}\n');
});

test('copies have one owner at a time', async () => {
  const owner = await openDataFolder({ data, store: 'mongodb' });
  await expect(openDataFolder({ data, store: 'mongodb' })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining(`process ${process.pid}`),
  });
  await owner.close();
  await (await openDataFolder({ data, store: 'mongodb' })).close();
});

test('a format of the future is refused', async () => {
  await mkdir(data);
  await writeFile(join(data, 'backside.json'), '{"format":2,"holds":"copy"}\n');
  await expect(openDataFolder({ data, store: 'mongodb' })).rejects.toThrow('the format 2, and this release reads 1');
});

test('nobody but its owner gets into a folder that was made or empty; another is as open as it was', async () => {
  const mode = async (): Promise<number> => (await stat(data)).mode & 0o777;
  await (await openDataFolder({ data, store: 'embedded' })).close();
  expect(await mode()).toBe(0o700);
  await chmod(data, 0o750);
  await (await openDataFolder({ data, store: 'embedded' })).close();
  expect(await mode()).toBe(0o750);
  await rm(data, { recursive: true });
  await mkdir(data, { mode: 0o755 });
  await writeFile(join(data, 'notes'), 'of somebody');
  await (await openDataFolder({ data, store: 'embedded' })).close();
  expect(await mode()).toBe(0o755);
});

test('so is a format that cannot be read', async () => {
  await mkdir(data);
  await writeFile(join(data, 'backside.json'), '{');
  await expect(openDataFolder({ data, store: 'embedded' })).rejects.toThrow(
    'backside.json, which names the format of the folder, is not JSON',
  );
});

test('what the file system refuses is told as that, and not as damage', async () => {
  await writeFile(data, '');
  await expect(openDataFolder({ data, store: 'embedded' })).rejects.toThrow(FolderAccessError);
  await expect(openDataFolder({ data, store: 'embedded' })).rejects.toThrow(
    /EEXIST: .*; there is a file in its place; choose another/,
  );
  const below = join(data, 'below');
  await expect(openDataFolder({ data: below, store: 'mongodb' })).rejects.toThrow(/ENOTDIR: .*; choose another folder/);
});

test.runIf(existsSync('/proc/self'))('a folder that cannot be made is told', async () => {
  await expect(openDataFolder({ data: '/proc/backside', store: 'embedded' })).rejects.toThrow(
    /^the data folder \/proc\/backside cannot be used: ENOENT: .*; choose another folder \(--data\)$/,
  );
});
