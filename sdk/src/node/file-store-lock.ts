import { open, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** The folders that this process has locked. */
const locked = new Set<string>();

/**
 * Locks a folder for this process by a file `lock` with its process id; the result unlocks it. A lock whose process is dead is
 * taken over. Throws, saying which process it is, if a living one has it; a new process with the id of the dead one counts as that.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(resolve(folder), 'lock');
  if (locked.has(path)) throw new Error(`${folder} is in use by another client of this process`);
  locked.add(path);
  try {
    if (!(await createLock(path))) await replaceLock(path);
  } catch (error) {
    locked.delete(path);
    throw error;
  }
  return async () => {
    await rm(path, { force: true });
    locked.delete(path);
  };
}

async function replaceLock(path: string): Promise<void> {
  const pid = Number(await readFile(path, 'utf8').catch(() => ''));
  if (pid !== process.pid && isAlive(pid)) {
    throw new Error(`${path} is held by process ${pid}; remove the file if that does not use it`);
  }
  await rm(path, { force: true });
  if (!(await createLock(path))) throw new Error(`${path} was just taken by another process`);
}

/** False if there is one. */
async function createLock(path: string): Promise<boolean> {
  try {
    const handle = await open(path, 'wx');
    await handle.writeFile(String(process.pid)).finally(() => handle.close());
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
