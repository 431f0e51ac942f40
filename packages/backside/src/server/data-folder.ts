import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Raised when an older release could misread what a newer one wrote. */
const DATA_FORMAT = 1;

export interface DatabaseFolders {
  readonly journal: string;
  readonly replica: string;
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
  return `${database}.private`;
}

/** A data folder that cannot be used as it is; the message names what to do about it. */
export class DataFolderError extends Error {
  constructor(data: string, problem: string, options?: { cause?: unknown }) {
    super(
      `the data in ${data} cannot be used: ${problem}\n` +
        `Run \`backside doctor --data ${data}\` to see what is wrong, \`backside doctor --data ${data} --repair\` to repair the ` +
        'journal as far as possible, or restore an export with `backside import` into a new folder.',
      options,
    );
    this.name = 'DataFolderError';
  }
}

/** Makes the folder if it is not there, and checks its format. Throws `DataFolderError`. */
export async function prepareDataFolder(data: string): Promise<void> {
  try {
    await mkdir(data, { recursive: true });
    if ((await readDataFormat(data)) === null) await writeFormat(data);
  } catch (cause) {
    if (cause instanceof DataFolderError) throw cause;
    throw new DataFolderError(data, (cause as Error).message, { cause });
  }
}

/** The format of an existing folder; null if it says none. Throws `DataFolderError` for one that this release cannot read. */
export async function readDataFormat(data: string): Promise<number | null> {
  const text = await readIfThere(markerOf(data));
  if (text === null) return null;
  const format = formatIn(text);
  if (format === DATA_FORMAT) return format;
  throw new DataFolderError(data, `backside.json names the format ${format}, and this release reads ${DATA_FORMAT}`);
}

function formatIn(text: string): unknown {
  try {
    return (JSON.parse(text) as { format?: unknown } | null)?.format;
  } catch {
    return 'of a file that is not JSON';
  }
}

async function writeFormat(data: string): Promise<void> {
  const temporary = `${markerOf(data)}.new`;
  await writeFile(temporary, `${JSON.stringify({ format: DATA_FORMAT })}\n`);
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
