import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';

/**
 * What the head and the length of LMDB's data file say, without mapping it.
 * `none`: there is no file, or an empty one. `short`: it ends before the last page that it names, which is sound only if
 * all that is missing is unused; whoever has LMDB read a used one is ended by the system.
 */
export type DataFileState =
  | { readonly kind: 'none' }
  | { readonly kind: 'plausible' }
  | { readonly kind: 'short' | 'damaged'; readonly problem: string };

/** As in `MDB_page_header` and `MDB_meta` of the mdb.c that the `lmdb` package is built from, all of it in the byte order of the machine. */
const PAGE_FLAGS_AT = 18;
const META_PAGE = 0x08;
const META_AT = 24;
const MAGIC_AT = META_AT;
const MAGIC = 0xbeefc0de;
const VERSION_AT = META_AT + 4;
const VERSION = 2;
/** The low half is the version of the format. */
const VERSION_MASK = 0xffff;
const PAGE_SIZE_AT = META_AT + 24;
const ROOTS_AT: readonly number[] = [META_AT + 24 + 40, META_AT + 72 + 40];
const LAST_PAGE_AT = META_AT + 120;
const TRANSACTION_AT = META_AT + 128;
const HEAD_BYTES = META_AT + 136;

const MAX_PAGE_BYTES = 65_536;
const NO_ROOT = 0xffffffffffffffffn;

/** The owner may be writing the head while it is read: what looks wrong is looked at again. */
const LOOKS = 5;

const LITTLE = endianness() === 'LE';

/** Whether there is a replica in a folder, sound or not. */
export function hasReplica(directory: string): boolean {
  return inspectDataFile(directory).kind !== 'none';
}

/** Looks at the data file in a folder, in some microseconds. Throws the error of the file system if it cannot be read. */
export function inspectDataFile(directory: string): DataFileState {
  const file = openIfThere(join(directory, 'data.mdb'));
  if (file === null) return { kind: 'none' };
  try {
    let state = inspect(file);
    for (let look = 1; look < LOOKS && 'problem' in state; look++) state = inspect(file);
    return state;
  } finally {
    closeSync(file);
  }
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

interface Head {
  readonly pageSize: number;
  readonly lastPage: bigint;
  readonly transaction: bigint;
  readonly roots: readonly bigint[];
}

function inspect(file: number): DataFileState {
  const first = readHead(file, 0);
  if (first === null) return fstatSync(file).size === 0 ? { kind: 'none' } : damaged('it ends within its first page');
  if (typeof first === 'string') return damaged(first);
  const second = readHead(file, first.pageSize);
  if (second === null) return damaged('it ends within its second page');
  if (typeof second === 'string') return damaged(second);
  return inspectPages(file, second.transaction > first.transaction ? second : first);
}

function inspectPages(file: number, { pageSize, lastPage, roots }: Head): DataFileState {
  if (roots.some((root) => root !== NO_ROOT && root > lastPage)) return damaged('its head leads outside of the file');
  const { size } = fstatSync(file); // after the head: the file only grows, and before its head says so
  const whole = (lastPage + 1n) * BigInt(pageSize);
  if (BigInt(size) >= whole) return { kind: 'plausible' };
  return { kind: 'short', problem: `it has ${size} bytes, and its head says ${whole}` };
}

/** What one of the two meta pages says, or in words why it is none; null if the file ends before. */
function readHead(file: number, at: number): Head | string | null {
  const bytes = Buffer.alloc(HEAD_BYTES);
  if (readSync(file, bytes, 0, HEAD_BYTES, at) < HEAD_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEAD_BYTES);
  const isMeta = (view.getUint16(PAGE_FLAGS_AT, LITTLE) & META_PAGE) !== 0;
  if (!isMeta || view.getUint32(MAGIC_AT, LITTLE) !== MAGIC) return `at byte ${at} it has no head of LMDB`;
  const version = view.getUint32(VERSION_AT, LITTLE) & VERSION_MASK;
  if (version !== VERSION) return `it is in LMDB's format ${version}, and this program reads ${VERSION}`;
  const pageSize = view.getUint32(PAGE_SIZE_AT, LITTLE);
  if (pageSize < HEAD_BYTES || pageSize > MAX_PAGE_BYTES) return `its head names pages of ${pageSize} bytes`;
  return {
    pageSize,
    lastPage: view.getBigUint64(LAST_PAGE_AT, LITTLE),
    transaction: view.getBigUint64(TRANSACTION_AT, LITTLE),
    roots: ROOTS_AT.map((root) => view.getBigUint64(root, LITTLE)),
  };
}

function damaged(problem: string): DataFileState {
  return { kind: 'damaged', problem };
}
