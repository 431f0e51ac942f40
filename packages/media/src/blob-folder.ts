import type { Dirent } from 'node:fs';
import { open, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { codeOf } from './disk-error.js';

/** Ends the names of files, and no part of a key, so that a file and a folder never want the same name. */
const FILE_MARK = '@';

export function keyFile(root: string, key: string): string {
  return join(root, `${key}${FILE_MARK}`);
}

export interface FoundFile {
  readonly key: string;
  readonly fileBytes: number;
  readonly modified: number;
}

/** The files below `root` whose keys begin with `prefix`. What goes away meanwhile is left out. */
export async function* filesWithPrefix(root: string, prefix: string): AsyncGenerator<FoundFile, void> {
  const folder = join(root, prefix.slice(0, prefix.lastIndexOf('/') + 1));
  if (relative(root, folder).split(sep).includes('..')) return;
  yield* filesBelow({ root, folder, prefix });
}

interface Walk {
  readonly root: string;
  readonly folder: string;
  readonly prefix: string;
}

async function* filesBelow({ root, folder, prefix }: Walk): AsyncGenerator<FoundFile, void> {
  for (const entry of await entriesOf(folder)) {
    const place = join(folder, entry.name);
    const name = relative(root, place).split(sep).join('/');
    if (entry.isDirectory()) {
      const leadsThere = `${name}/`.startsWith(prefix) || prefix.startsWith(`${name}/`);
      if (leadsThere) yield* filesBelow({ root, folder: place, prefix });
    } else if (entry.name.endsWith(FILE_MARK) && name.startsWith(prefix)) {
      const found = await stat(place).catch(ignoreMissing);
      if (found === undefined) continue;
      const key = name.slice(0, -FILE_MARK.length);
      yield { key, fileBytes: found.size, modified: Math.floor(found.mtimeMs) };
    }
  }
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  return (await readdir(folder, { withFileTypes: true }).catch(ignoreMissing)) ?? [];
}

/** Removes `folder` if it is empty, then the one above it, and so on below `root`. */
export async function removeEmptyFolders(folder: string, root: string): Promise<void> {
  for (let current = folder; current !== root; current = dirname(current)) {
    try {
      await rmdir(current);
    } catch (error) {
      if (['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(codeOf(error) ?? '')) return;
      throw error;
    }
  }
}

/** Removes the files of a folder that were last written before `time`; resolves with how many. */
export async function removeOldFiles(folder: string, time: number): Promise<number> {
  let removed = 0;
  for (const entry of await entriesOf(folder)) {
    const place = join(folder, entry.name);
    const found = await stat(place).catch(ignoreMissing);
    if (found === undefined || found.mtimeMs >= time) continue;
    await rm(place, { force: true });
    removed++;
  }
  return removed;
}

/** Makes the names in `folder`, and in the folders above it up to `root`, durable. One that has gone meanwhile needs nothing. */
export async function syncFolders(folder: string, root: string): Promise<void> {
  for (let current = folder; ; current = dirname(current)) {
    const handle = await open(current, 'r').catch(ignoreMissing);
    try {
      await handle?.sync();
    } finally {
      await handle?.close();
    }
    if (current === root) return;
  }
}

function ignoreMissing(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
  throw error;
}
