import { createFileJournal } from '@backside/journal-file';
import { type Logger, toBacksideError } from '@backside/protocol';
import { createLmdbReplica, type FailureHandler } from '@backside/replica-lmdb';
import type { Journal, Replica } from '@backside/store';
import type { ServerConfig } from '../config/server-options.js';
import { DataFolderError, databaseFolders } from './data-folder.js';
import type { Storage, StorageOptions } from './storage.js';

/** A journal of files and a replica on LMDB, both in the data folder and owned by this process. */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const { config, database, logger } = options;
  const folders = databaseFolders(config.data, database);
  const journal = await openJournal(folders.journal, config, logger);
  try {
    const replica = await openReplica(folders.replica, options);
    return {
      journal,
      replica,
      setIndexes: (definitions) => replica.setIndexes(definitions),
      close: () => closeBoth(journal, replica),
    };
  } catch (error) {
    await journal.close();
    throw error;
  }
}

/** Opens the journal and takes its lock. Throws `DataFolderError` if it is damaged, and says who has the lock. */
export async function openJournal(directory: string, config: ServerConfig, logger: Logger): Promise<Journal> {
  try {
    return await createFileJournal({
      directory,
      now: Date.now,
      segmentBytes: config.journalSegmentSize,
      retention: {
        maxAgeMs: config.journalRetentionAge,
        ...(config.journalRetentionSize > 0 && { maxBytes: config.journalRetentionSize }),
      },
      logger: { warn: (message, fields) => logger.warn(fields ?? {}, message) },
    });
  } catch (cause) {
    throw asDataFolderError(config.data, cause);
  }
}

async function openReplica(directory: string, options: StorageOptions): Promise<Replica> {
  const { config } = options;
  try {
    return createLmdbReplica({ directory, checkpoint: checkpointOptionsOf(config), onFailure: reportTo(options) });
  } catch (cause) {
    throw asDataFolderError(config.data, cause);
  }
}

export function checkpointOptionsOf(config: ServerConfig): { maxBytes: number; maxDelayMs: number } {
  return { maxBytes: config.checkpointSize, maxDelayMs: config.checkpointDelay };
}

/** Logs what the disk refuses, and has the process end if it can write no more. */
export function reportTo({ logger, onFatal }: Pick<StorageOptions, 'logger' | 'onFatal'>): FailureHandler {
  return (error, fatal) => {
    logger.error({ err: error }, 'the tree on disk could not be brought up to date');
    if (fatal) onFatal?.(error);
  };
}

/** Damage becomes a `DataFolderError`; that another process has the folder is left as it is. */
export function asDataFolderError(data: string, cause: unknown): Error {
  const error = toBacksideError(cause);
  if (error.code !== 'internal') return error;
  return new DataFolderError(data, cause instanceof Error ? cause.message : error.message, { cause });
}

async function closeBoth(journal: Journal, replica: Replica): Promise<void> {
  await replica.close();
  await journal.close();
}
