import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { adoptHistory } from '@backside/api';
import { BacksideError, SILENT_LOGGER } from '@backside/protocol';
import { createLmdbReplica } from '@backside/replica-lmdb';
import type { Journal, Replica } from '@backside/store';
import type { ServerConfig } from '../config/server-options.js';
import { databaseFolders, readDataFormat } from '../server/data-folder.js';
import { nodeNameOf } from '../server/node-name.js';
import { Opened } from '../server/opened.js';
import { openSharedJournal } from '../server/shared-stores.js';
import type { Snapshot } from './snapshot.js';

/**
 * The tree of a database of a shared store at its newest revision: on the copy in the data folder if there is one, also while a node
 * runs on it, else on a temporary one. Close it after use.
 */
export async function openSharedSnapshot(config: ServerConfig, database: string): Promise<Snapshot> {
  const opened = new Opened();
  try {
    const journal = opened.add(await openJournal(config, database));
    if ((await journal.head()) === 0) throw new Error(`the shared store holds no database named ${database}`);
    const replica = (await openCopy(config.data, database, journal)) ?? (await makeCopy(journal, database, opened));
    opened.add(replica);
    for await (const commits of journal.commits(replica.revision)) replica.apply(commits);
    return {
      revision: replica.revision,
      streamJson: (path, format) => replica.streamJson(path, format),
      close: opened.close,
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

function openJournal(config: ServerConfig, database: string): Promise<Journal> {
  const nodeId = nodeNameOf(config);
  return openSharedJournal({ config: { ...config, projector: false }, database, nodeId, logger: SILENT_LOGGER });
}

/** The copy that a node keeps in the folder; null if there is none that the journal continues. */
async function openCopy(data: string, database: string, journal: Journal): Promise<Replica | null> {
  if ((await readDataFormat(data))?.holds !== 'copy') return null;
  const replica = openFollower(databaseFolders(data, database).replica);
  if (replica === null) return null;
  if (replica.epoch === journal.epoch && replica.revision + 1 >= (await journal.first())) return replica;
  await replica.close();
  return null;
}

function openFollower(directory: string): Replica | null {
  try {
    return createLmdbReplica({ directory, mode: 'follower' });
  } catch (error) {
    if (error instanceof BacksideError && error.code === 'unavailable') return null;
    throw error;
  }
}

async function makeCopy(journal: Journal, database: string, opened: Opened): Promise<Replica> {
  const directory = await mkdtemp(join(tmpdir(), 'backside-export-'));
  opened.onClose(() => rm(directory, { recursive: true, force: true }));
  const replica = createLmdbReplica({ directory });
  try {
    await adoptHistory({ journal, replica, name: database, logger: SILENT_LOGGER });
    return replica;
  } catch (error) {
    await replica.close();
    throw error;
  }
}
