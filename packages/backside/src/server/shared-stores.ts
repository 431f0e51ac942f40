import type { Logger } from '@backside/protocol';
import type { Journal } from '@backside/store';
import { isSharedStore, type SharedStore } from '../config/node-pairing.js';
import type { ServerConfig } from '../config/server-options.js';
import { NodeJournal } from './node-journal.js';
import { withPatience } from './patience.js';

/** What keeps the collection of nodes of one database level with its journal, if it is this node's turn. */
interface Projector {
  close(): Promise<void>;
}

interface SharedDatabaseOptions {
  readonly url: string;
  /** The database or schema of the server. */
  readonly namespace: string;
  readonly database: string;
  readonly nodeId: string;
  readonly logger: Logger;
  readonly retention: { readonly ageMs: number; readonly bytes: number };
}

interface SharedStoreDriver {
  openJournal(options: SharedDatabaseOptions): Promise<Journal>;
  openProjector(options: SharedDatabaseOptions, journal: Journal): Promise<Projector>;
}

/** The drivers by their configured name; a driver is loaded only if it is used. */
const DRIVERS: Readonly<Record<SharedStore, () => Promise<SharedStoreDriver>>> = {
  mongodb: async () => {
    const { createMongoJournal, createMongoProjector } = await import('@backside/journal-mongodb');
    return {
      openJournal: ({ namespace, ...options }) => createMongoJournal({ ...options, mongoDatabase: namespace }),
      openProjector: async ({ namespace, ...options }, journal) =>
        createMongoProjector({ ...options, mongoDatabase: namespace, journal }),
    };
  },
  postgres: async () => {
    const { createPostgresJournal, createPostgresProjector } = await import('@backside/journal-postgres');
    return {
      openJournal: ({ namespace, ...options }) => createPostgresJournal({ ...options, schema: namespace }),
      openProjector: async ({ namespace, ...options }) => createPostgresProjector({ ...options, schema: namespace }),
    };
  },
};

export interface OpenSharedOptions {
  readonly config: ServerConfig;
  readonly database: string;
  readonly nodeId: string;
  readonly logger: Logger;
  /** Tells that nobody waits for it any more. */
  readonly ending?: AbortSignal | undefined;
}

/**
 * Opens the journal of a database on the configured server, with patience, and starts the projector unless that is switched off.
 * Closing the journal ends both.
 */
export async function openSharedJournal(options: OpenSharedOptions): Promise<Journal> {
  const { config, logger, ending } = options;
  const { store } = config;
  if (!isSharedStore(store)) throw new Error(`the store ${store} is not shared`);
  const driver = await DRIVERS[store]();
  const parameters = parametersOf(options);
  const { url } = parameters;
  const patience = { what: `the journal (${store})`, url, logger, patienceMs: config.storePatience, ending };
  const journal = await withPatience(() => driver.openJournal(parameters), patience);
  try {
    const project = (): Promise<Projector> => driver.openProjector(parameters, journal);
    return new NodeJournal(journal, config.projector ? await withPatience(project, patience) : null, logger);
  } catch (error) {
    await journal.close();
    throw error;
  }
}

function parametersOf({ config, database, nodeId, logger }: OpenSharedOptions): SharedDatabaseOptions {
  return {
    url: config.storeUrl!,
    namespace: config.storeNamespace,
    database,
    nodeId,
    logger,
    retention: {
      ageMs: config.journalRetentionAge,
      bytes: config.journalRetentionSize > 0 ? config.journalRetentionSize : Number.MAX_SAFE_INTEGER,
    },
  };
}
