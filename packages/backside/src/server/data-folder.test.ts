import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDataFolder, readDataFormat } from './data-folder.js';

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
