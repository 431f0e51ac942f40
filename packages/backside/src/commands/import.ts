import { constants, createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import type { Path } from '@backside/tree';
import { ConfigError } from '../config/config-error.js';
import { storeConfigOf } from '../config/node-options.js';
import { assertPairing } from '../config/node-pairing.js';
import { toggle } from '../config/option.js';
import { size } from '../config/quantity.js';
import { SERVER_OPTIONS, type ServerConfig } from '../config/server-options.js';
import { resolveSettings } from '../config/setting.js';
import { importPieces } from '../transfer/import-pieces.js';
import { type ImportTarget, openServerTarget, openStoreTarget } from '../transfer/import-target.js';
import { readJsonPieces } from '../transfer/json-pieces.js';
import { createProgress } from '../transfer/progress.js';
import { type Command, defineCommand, type Io } from './command.js';
import { TRANSFER_OPTIONS, type TransferConfig } from './export.js';
import { pathArgument } from './path-argument.js';

interface ImportConfig extends TransferConfig {
  readonly merge: boolean;
  readonly batchSize: number;
}

const GROUP = 'Import';

export const importCommand: Command = defineCommand<ImportConfig>({
  name: 'import',
  positionals: ['FILE', '[PATH]'],
  summary: 'Writes the JSON of a file (`-`: standard input) to a path (default: the root), replacing what is there.',
  details:
    'Takes files of any size, in either format of `export`. A file larger than --batch-size is written in several commits, one\n' +
    'after the other; if one fails, those before it stay, and the message says how far the import came.',
  options: {
    ...TRANSFER_OPTIONS,
    merge: toggle({ group: GROUP, default: false, description: 'Keep what the file does not name.' }),
    batchSize: size({
      group: GROUP,
      default: 2 ** 20,
      min: 1,
      description: 'About how much of the file goes into one commit.',
    }),
  },
  run: async ({ effective: { values }, positionals, io }) => {
    const file = positionals[0]!;
    const path = pathArgument(positionals[1] ?? '/');
    const totalBytes = file === '-' ? null : await sizeOf(file);
    const target = await openTarget(values);
    try {
      const revision = await importFile(values, { file, path, totalBytes, target, io });
      io.stdout.write(`${revision}\n`);
      return 0;
    } finally {
      await target.close();
    }
  },
});

/** Throws `ConfigError` for what is not a file that can be read. */
async function sizeOf(file: string): Promise<number> {
  try {
    await access(file, constants.R_OK);
    const found = await stat(file);
    if (found.isDirectory()) throw new Error('it is a directory');
    return found.size;
  } catch (cause) {
    throw new ConfigError(`FILE: ${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

interface Task {
  readonly file: string;
  readonly path: Path;
  readonly totalBytes: number | null;
  readonly target: ImportTarget;
  readonly io: Io;
}

/** Resolves with the revision of the last commit. */
async function importFile(
  { merge, batchSize }: ImportConfig,
  { file, path, totalBytes, target, io }: Task,
): Promise<number> {
  const source = file === '-' ? io.stdin : createReadStream(file, { highWaterMark: 2 ** 18 });
  const batches = readJsonPieces(source, {
    batchBytes: batchSize,
    maxTokenBytes: 2 * SERVER_OPTIONS.maxLeafBytes.default,
    maxDepth: SERVER_OPTIONS.maxDepth.default,
  });
  const progress = createProgress(io.stderr, 'imported', totalBytes);
  try {
    return await importPieces(batches, { path, merge, target, progress });
  } finally {
    progress.end();
  }
}

function openTarget(config: ImportConfig): Promise<ImportTarget> {
  const { url, data, database, token } = config;
  if (url !== null) return openServerTarget(url, database, token);
  const defaults = resolveSettings<ServerConfig>(SERVER_OPTIONS, []).values;
  assertPairing({ ...config, workers: 1 });
  const databases = database === null ? defaults.databases : [database];
  return openStoreTarget({ ...defaults, ...storeConfigOf(config), data, databases });
}
