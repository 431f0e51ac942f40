import { chmod, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '@backside/journal-file';
import { toBacksideError } from '@backside/protocol';
import type { NodeConfig } from '../config/node-options.js';
import { isSharedStore } from '../config/node-pairing.js';
import { FolderAccessError, isSystemError } from './folder-access-error.js';
import { ownReplicas } from './replica-owner.js';

/** Raised when an older release could misread what a newer one wrote. */
const DATA_FORMAT = 1;

const PRIVATE = '.private';

export interface DatabaseFolders {
  readonly journal: string;
  readonly replica: string;
}

/** `data`: what an embedded store keeps, and nobody else has. `copy`: what a node made of a shared store, and can make again. */
type Holds = 'data' | 'copy';

interface Marker {
  readonly format: number;
  readonly holds: Holds;
}

/** Where a database lies in the data folder. */
export function databaseFolders(data: string, database: string): DatabaseFolders {
  return { journal: join(data, database, 'journal'), replica: join(data, database, 'replica') };
}

/**
 * The name of the database that holds rules, accounts and keys of `database`. No client can name it: it is not a valid name
 * of a configured database.
 */
export function privateNameOf(database: string): string {
  return `${database}${PRIVATE}`;
}

/** The name of the database that lies beside one: the private one, or the one that a private one belongs to. Both are made together. */
export function counterpartOf(database: string): string {
  return isPrivate(database) ? database.slice(0, -PRIVATE.length) : privateNameOf(database);
}

export function isPrivate(database: string): boolean {
  return database.endsWith(PRIVATE);
}

/** A data folder that cannot be used as it is; the message names what to do about it. */
export class DataFolderError extends Error {
  /** What is wrong, without what to do about it. */
  readonly problem: string;

  constructor(data: string, problem: string, options?: { cause?: unknown }) {
    super(
      `the data in ${data} cannot be used: ${problem}\n` +
        `Run \`backside doctor --data ${data}\` to see what is wrong, \`backside doctor --data ${data} --repair\` to repair it ` +
        'as far as possible, or restore an export with `backside import` into a new folder.',
      options,
    );
    this.name = 'DataFolderError';
    this.problem = problem;
  }
}

/**
 * Damage becomes a `DataFolderError`, what the file system refuses a `FolderAccessError`; that another process has the folder is left
 * as it is.
 */
export function asDataFolderError(data: string, cause: unknown): Error {
  if (cause instanceof DataFolderError || cause instanceof FolderAccessError) return cause;
  if (isSystemError(cause)) return new FolderAccessError(data, cause);
  const error = toBacksideError(cause);
  if (error.code !== 'internal') return error;
  return new DataFolderError(data, cause instanceof Error ? cause.message : error.message, { cause });
}

/** What a process holds while it works on a data folder. */
interface OpenFolder {
  close(): Promise<void>;
}

/**
 * Prepares the data folder if the store has one, and makes sure that no other process makes copies of a shared store in it. Throws
 * `DataFolderError`, `FolderAccessError`, and `unavailable` naming the process that has the folder.
 */
export async function openDataFolder(config: Pick<NodeConfig, 'store'> & { data: string }): Promise<OpenFolder> {
  if (config.store !== 'memory') await prepareDataFolder(config);
  if (!isSharedStore(config.store)) return { close: async () => {} };
  return ownReplicas(config.data).catch((cause: unknown) => {
    throw asDataFolderError(config.data, cause);
  });
}

/** Makes the folder if it is not there, and checks that it is one for this store. Throws `DataFolderError` and `FolderAccessError`. */
async function prepareDataFolder({ data, store }: Pick<NodeConfig, 'store'> & { data: string }): Promise<void> {
  try {
    await makeDirectory(data);
    const marker = await readDataFormat(data);
    if (marker === null) {
      await closeToOthers(data);
      await writeMarker(data, { format: DATA_FORMAT, holds: heldBy(store) });
    } else assertHolds(data, store, marker);
  } catch (cause) {
    throw cause instanceof WrongFolderError ? cause : asDataFolderError(data, cause);
  }
}

/**
 * Keys that sign access tokens, password hashes and everybody's data are no business of the machine's other users. A folder that has something
 * in it already, or that belongs to somebody else, is as open as its owner wants.
 */
async function closeToOthers(data: string): Promise<void> {
  if ((await readdir(data)).length > 0) return;
  try {
    await chmod(data, 0o700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
  }
}

/** Throws an error that says what to do if a folder is one of another kind of store. */
export function assertHolds(data: string, store: NodeConfig['store'], { holds }: Marker): void {
  if (holds !== heldBy(store)) throw new WrongFolderError(data, holds);
}

function heldBy(store: NodeConfig['store']): Holds {
  return isSharedStore(store) ? 'copy' : 'data';
}

/** A data folder of another kind of store. */
class WrongFolderError extends Error {
  constructor(data: string, holds: Holds) {
    super(
      holds === 'data'
        ? `${data} holds the data of an embedded store: give this node another folder (--data), and bring the data over with ` +
            '`backside export` and `backside import`'
        : `${data} holds a node's copy of a shared store: choose the folder of the embedded store (--data), or remove this one ` +
            '(the shared store has everything in it)',
    );
    this.name = 'WrongFolderError';
  }
}

/** What an existing folder says of itself; null if it says nothing. Throws `DataFolderError` for what this release cannot read. */
export async function readDataFormat(data: string): Promise<Marker | null> {
  const text = await readIfThere(markerOf(data));
  if (text === null) return null;
  const { format, holds } = markerIn(data, text);
  if (format === DATA_FORMAT) return { format, holds: holds === 'copy' ? 'copy' : 'data' };
  throw new DataFolderError(data, `backside.json names the format ${format}, and this release reads ${DATA_FORMAT}`);
}

function markerIn(data: string, text: string): { readonly format?: unknown; readonly holds?: unknown } {
  try {
    return Object(JSON.parse(text)) as object;
  } catch (cause) {
    throw new DataFolderError(data, 'backside.json, which names the format of the folder, is not JSON', { cause });
  }
}

async function writeMarker(data: string, marker: Marker): Promise<void> {
  const temporary = `${markerOf(data)}.new`;
  await writeFile(temporary, `${JSON.stringify(marker)}\n`, { flush: true });
  await rename(temporary, markerOf(data));
}

function markerOf(data: string): string {
  return join(data, 'backside.json');
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
