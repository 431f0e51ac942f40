import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeDirectory } from './segment-files.js';

describe('making a directory', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'backside-directory-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('makes those above it, and does nothing where it is there', async () => {
    const path = join(folder, 'a/b/c');
    await Promise.all([makeDirectory(path), makeDirectory(path)]);
    await makeDirectory(path);
    expect(await readdir(join(folder, 'a/b'))).toEqual(['c']);
  });

  it('is refused at and below a file', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(makeDirectory(join(folder, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeDirectory(join(folder, 'file/a'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it.runIf(existsSync('/proc/self'))(
    'is refused, and ends, where none can be made although there is one above it',
    async () => {
      await expect(makeDirectory('/proc/backside/data')).rejects.toMatchObject({ code: 'ENOENT' });
    },
  );
});
