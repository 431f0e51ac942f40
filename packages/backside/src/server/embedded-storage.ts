import { createFileJournal } from '@backside/journal-file';
import type { Logger } from '@backside/protocol';
import { createLmdbReplica, type FailureHandler } from '@backside/replica-lmdb';
import type { Journal, Replica } from '@backside/store';
import type { ServerConfig } from '../config/server-options.js';
import { asDataFolderError, databaseFolders } from './data-folder.js';
import { Opened } from './opened.js';
import type { Storage, StorageOptions } from './storage.js';
import { assertGoOn, assertHasJournal } from './tree-on-disk.js';

/** A journal of files and a replica on LMDB, both in the data folder and owned by this process. */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const { config, database, logger } = options;
  const folders = databaseFolders(config.data, database);
  const journal = await openJournal(database, config, logger);
  const opened = new Opened();
  opened.add(journal);
  try {
    const replica = opened.add(await openReplica(folders.replica, options));
    await assertGoOn({ data: config.data, database }, replica, journal);
    return {
      journal,
      replica,
      setIndexes: (definitions) => replica.setIndexes(definitions),
      close: opened.close,
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/**
 * Opens the journal of a database, or begins one for a new database, and takes its lock. Throws `DataFolderError` if it is damaged, or
 * gone from beside its tree or its counterpart, and says who has the lock.
 */
export async function openJournal(database: string, config: ServerConfig, logger: Logger): Promise<Journal> {
  try {
    await assertHasJournal({ data: config.data, database });
    return await createFileJournal({
      directory: databaseFolders(config.data, database).journal,
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
