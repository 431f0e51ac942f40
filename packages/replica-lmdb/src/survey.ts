import { isUtf8 } from 'node:buffer';
import { type Environment, openBytes, readFormat } from './environment.js';
import { FORMAT_VERSION } from './meta.js';
import type { ReadThrough } from './read-through.js';
import { decodeSplit, SPLIT_MARK } from './record.js';

const FROM_THE_FIRST: Uint8Array = new Uint8Array(0);

/**
 * Reads every entry of an environment, at one moment: that they can be reached, are as many as LMDB counts and in order, and that each
 * record is one. Another letter in a text goes unnoticed, since nothing in the file tells what it was. Damage may end the process.
 */
export function survey(environment: Environment): ReadThrough {
  // One state for all that follows, since nothing here lets go of it.
  const transaction = environment.root.useReadTransaction();
  try {
    const isKnown = readFormat(environment) <= FORMAT_VERSION;
    const entries =
      countEntries(environment, 'nodes', isKnown ? assertRecord : () => {}) +
      countEntries(environment, 'index', () => {}) +
      countEntries(environment, 'garbage', () => {});
    return { entries, problem: null };
  } catch (error) {
    return { entries: 0, problem: (error as Error).message };
  } finally {
    transaction.done();
  }
}

/** Reads the entries of one database, and returns how many there are. Throws for the first that cannot be. */
function countEntries(
  { root }: Environment,
  name: string,
  assertValue: (value: Uint8Array, size: number) => void,
): number {
  const database = openBytes(root, name);
  const { entryCount } = database.getStats();
  let count = 0;
  let before: Uint8Array | null = null;
  for (const { key, value } of database.getRange({ start: FROM_THE_FIRST })) {
    count += 1;
    if (count > entryCount) break;
    if (before !== null && Buffer.compare(before, key) >= 0) throw new Error(`${placeOf(name, count)} is out of order`);
    before = key;
    try {
      assertValue(value, database.lastSize);
    } catch (cause) {
      throw new Error(`${placeOf(name, count)} cannot be read: ${(cause as Error).message}`, { cause });
    }
  }
  if (count !== entryCount)
    throw new Error(
      `${name} should have ${entryCount} entries, and ${count > entryCount ? 'has more' : `${count} can be reached`}`,
    );
  return count;
}

function placeOf(name: string, count: number): string {
  return `entry ${count} of ${name}`;
}

/** Throws unless the first `size` bytes are what a record can be. */
function assertRecord(value: Uint8Array, size: number): void {
  if (value[0] === SPLIT_MARK) {
    decodeSplit(value, size);
    return;
  }
  const bytes = value.subarray(0, size);
  if (!isUtf8(bytes)) throw new Error('it is not text');
  JSON.parse(Buffer.prototype.utf8Slice.call(bytes, 0, size));
}
