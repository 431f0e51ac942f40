import { createDatabase, type Database, openAuthorizer } from '@backside/api';
import type { Notifier } from '@backside/notifier';
import type { BacksideError, Logger } from '@backside/protocol';
import { databaseLimitsOf } from '../config/limit-options.js';
import type { ServerConfig } from '../config/server-options.js';
import { withFields } from './logger.js';
import type { Storage } from './storage.js';

export interface DatabasesOptions {
  readonly config: ServerConfig;
  readonly logger: Logger;
  readonly notifier: Notifier;
  /** Names this process in the commits that it makes. */
  readonly nodeId: string;
  /** Whether this process lets the journals drop what its replicas have on disk. */
  readonly trimsJournal: boolean;
  /** Called when a database can never be brought up to date again in this process, which must end. */
  readonly onLost?: (error: BacksideError) => void;
  readonly openStorage: (database: string, logger: Logger) => Promise<Storage>;
}

/** The open databases of one process. */
export interface Databases {
  readonly all: readonly Database[];
  /** The database that a client's `host` names; the first one for names that no database has. */
  byHost(host: string | undefined): Database;
  /** Answers the writes that wait, then closes everything. */
  close(): Promise<void>;
}

/** Opens every configured database; if one fails, those opened before are closed again. */
export async function openDatabases(options: DatabasesOptions): Promise<Databases> {
  const opened: OpenDatabase[] = [];
  try {
    for (const name of options.config.databases) opened.push(await openDatabase(name, options));
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
  const byName = new Map(opened.map(({ database }) => [database.name, database]));
  const first = opened[0]!.database;
  return {
    all: [...byName.values()],
    byHost: (host) => byName.get(host ?? '') ?? first,
    close: () => closeAll(opened),
  };
}

interface OpenDatabase {
  readonly database: Database;
  readonly storage: Storage;
}

async function openDatabase(name: string, options: DatabasesOptions): Promise<OpenDatabase> {
  const { config } = options;
  const logger = withFields(options.logger, { database: name });
  const storage = await options.openStorage(name, logger);
  try {
    const database = await createDatabase({
      name,
      journal: storage.journal,
      replica: storage.replica,
      notifier: options.notifier,
      authorizer: openAuthorizer,
      logger,
      now: Date.now,
      random: Math.random,
      sleep,
      nodeId: options.nodeId,
      limits: databaseLimitsOf(config),
      recordPrior: config.journalPriorValues,
      trimsJournal: options.trimsJournal,
      ...(options.onLost && { onLost: options.onLost }),
    });
    return { database, storage };
  } catch (error) {
    await storage.close();
    throw error;
  }
}

async function closeAll(opened: readonly OpenDatabase[]): Promise<void> {
  await Promise.all(
    opened.map(async ({ database, storage }) => {
      await database.close();
      await storage.close();
    }),
  );
}

/** Does not keep the process alive. */
function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}
