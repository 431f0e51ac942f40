import { randomUUID } from 'node:crypto';
import { link, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BacksideError } from '@backside/protocol';

const LOCK_NAME = /^lock\.(\d{1,15})$/;

/** Times that taking the lock is tried again because somebody else was at it. */
const ATTEMPTS = 100;

/** A lock that this process holds. */
export interface DirectoryLock {
  release(): Promise<void>;
}

/** Who holds a lock. `start` and `boot` tell the process from a later one with the same id; both are empty where unknown. */
interface Holder {
  readonly pid: number;
  /** Clock ticks from the start of the machine to the start of the process. */
  readonly start: string;
  /** Identifies one run of the machine. */
  readonly boot: string;
  readonly released: boolean;
}

/**
 * Takes the lock of a directory, or throws `unavailable` saying which process has it.
 *
 * The lock is the highest of the files `lock.1`, `lock.2` …, each naming its holder. It is free if that file says so or its
 * holder is dead (also by `kill -9` or with the machine), and it is taken by creating the next one, which the file system
 * lets only one process do. The highest file is never removed, so no one can mistake an old state for a free lock.
 *
 * A holder is known by process id, start time and boot id, so processes must see each other's ids: two containers with
 * process ids of their own must not share a directory. Where there is no `/proc`, the process id alone decides.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const self = await describeSelf();
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const highest = await highestLock(directory);
    if (highest > 0) {
      const holder = await readHolder(directory, highest);
      if (holder === null) continue;
      if (!holder.released && (await isAlive(holder))) {
        throw new BacksideError('unavailable', `${directory} is in use by process ${holder.pid}`);
      }
    }
    if (await take(directory, highest + 1, self)) {
      return { release: () => writeHolder(directory, highest + 1, { ...self, released: true }) };
    }
  }
  throw new BacksideError('unavailable', `${directory} is being locked and released by others all the time`);
}

async function take(directory: string, number: number, self: Holder): Promise<boolean> {
  const temporary = await writeTemporary(directory, self);
  try {
    await link(temporary, lockPath(directory, number));
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  if ((await highestLock(directory)) > number) {
    await rm(lockPath(directory, number), { force: true });
    return false;
  }
  for (const lower of await lockNumbers(directory)) {
    if (lower < number) await rm(lockPath(directory, lower), { force: true });
  }
  return true;
}

async function writeHolder(directory: string, number: number, holder: Holder): Promise<void> {
  await rename(await writeTemporary(directory, holder), lockPath(directory, number));
}

/** Locks appear under their name only with their content. */
async function writeTemporary(directory: string, holder: Holder): Promise<string> {
  const path = join(directory, `lock-${randomUUID()}.new`);
  await writeFile(path, `${JSON.stringify(holder)}\n`);
  return path;
}

/** The holder that a lock file names; null if the file is gone by now. */
async function readHolder(directory: string, number: number): Promise<Holder | null> {
  try {
    return JSON.parse(await readFile(lockPath(directory, number), 'utf8')) as Holder;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw new BacksideError(
      'unavailable',
      `${lockPath(directory, number)} cannot be read; remove it if no process uses the directory`,
      {
        cause: error,
      },
    );
  }
}

async function highestLock(directory: string): Promise<number> {
  return Math.max(0, ...(await lockNumbers(directory)));
}

async function lockNumbers(directory: string): Promise<number[]> {
  return (await readdir(directory)).flatMap((name) => {
    const match = LOCK_NAME.exec(name);
    return match ? [Number(match[1])] : [];
  });
}

function lockPath(directory: string, number: number): string {
  return join(directory, `lock.${number}`);
}

async function describeSelf(): Promise<Holder> {
  const start = (await processState(process.pid))?.start ?? '';
  return { pid: process.pid, start, boot: await bootId(), released: false };
}

async function isAlive(holder: Holder): Promise<boolean> {
  if (holder.boot !== (await bootId())) return false;
  if (!exists(holder.pid)) return false;
  if (holder.start === '') return true;
  const state = await processState(holder.pid);
  if (state === null) return exists(holder.pid);
  return !state.dead && state.start === holder.start;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !hasCode(error, 'ESRCH');
  }
}

/** State and start time from `/proc`, whose second field, the name in parentheses, may hold anything; null if unknown. */
async function processState(pid: number): Promise<{ dead: boolean; start: string } | null> {
  const stat = await readIfThere(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { dead: fields[0] === 'Z' || fields[0] === 'X', start: fields[19] ?? '' };
}

async function bootId(): Promise<string> {
  return (await readIfThere('/proc/sys/kernel/random/boot_id'))?.trim() ?? '';
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ESRCH')) return null;
    throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
