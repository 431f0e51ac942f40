import {
  type Authorizer,
  closedAuthorizer,
  createDatabase,
  createRulesAuthorizer,
  type Database,
  openRulesStore,
  type RulesStore,
  type TraceLog,
} from '@backside/api';
import type { Auth, PrivateTree } from '@backside/auth';
import type { Notifier } from '@backside/notifier';
import type { BacksideError, Logger } from '@backside/protocol';
import type { IndexDefinition, Journal } from '@backside/store';
import type { Path, TreeReader } from '@backside/tree';
import { databaseLimitsOf } from '../config/limit-options.js';
import type { ServerConfig } from '../config/server-options.js';
import { asDataFolderError, privateNameOf } from './data-folder.js';
import { withFields } from './logger.js';
import { keepMaintained, openAuth } from './open-auth.js';
import { type Opened, openTogether } from './opened.js';
import { createPrivateTree } from './private-tree.js';
import { sleep } from './sleep.js';
import type { Storage } from './storage.js';

/** Jobs, which the first database has, are listed by when they were submitted. */
const JOBS_INDEX: IndexDefinition = { pattern: ['jobs'], by: ['submittedAt'] };

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

/** A database as this process serves it: the tree, its rules, and its users. */
export interface ServedDatabase {
  readonly name: string;
  readonly main: Database;
  readonly rules: RulesStore;
  readonly auth: Auth;
  /** Decides by the rules. */
  readonly authorizer: Authorizer;
  readonly journal: Journal;
  /** The state of the tree. */
  readonly reader: TreeReader;
  /** The private database beside it, and its journal. */
  readonly hidden: Database;
  readonly hiddenJournal: Journal;
  /** A part of the private database; each is for one user alone. */
  privatePart(root: Path): PrivateTree;
  /** Answers the writes that wait, then closes everything. */
  close(): Promise<void>;
}

/** What is in force while a database has no rules. */
const OPEN_RULES = '{"rules": {".read": true, ".write": true}}';
const CLOSED_RULES = '{"rules": {}}';

/** Opens a database and the private one beside it, which holds its rules and users, and what connections left for their end. If one fails, all is closed again. */
export function openServedDatabase(name: string, traces: TraceLog, options: DatabasesOptions): Promise<ServedDatabase> {
  return openTogether((opened) => openParts(name, { traces, options, opened }));
}

interface Opening {
  readonly traces: TraceLog;
  readonly options: DatabasesOptions;
  readonly opened: Opened;
}

async function openParts(name: string, opening: Opening): Promise<ServedDatabase> {
  const { options, traces, opened } = opening;
  const { config } = options;
  const logger = withFields(options.logger, { database: name });
  const storage = await openStorageOf(name, opening);
  const privateStorage = await openStorageOf(privateNameOf(name), opening);
  const hidden = await openTree(
    privateNameOf(name),
    { storage: privateStorage, authorizer: closedAuthorizer },
    opening,
  );
  const ofJobs = name === config.databases[0] ? [JOBS_INDEX] : [];
  const rules = await openRulesStore({
    database: hidden,
    position: () => ({ epoch: storage.journal.epoch, revision: storage.replica.revision }),
    fallback: config.mode === 'development' ? OPEN_RULES : CLOSED_RULES,
    setIndexes: (wanted) => storage.setIndexes([...ofJobs, ...config.indexes, ...wanted]),
    now: Date.now,
    logger,
  });
  opened.add(rules);
  const authorizer = createRulesAuthorizer({ database: name, rules, traces });
  const main = await openTree(name, { storage, authorizer, scopes: hidden }, opening);
  const privatePart = (root: Path): PrivateTree =>
    createPrivateTree({ database: hidden, reader: privateStorage.replica, root, logger });
  const auth = await openAuth({ database: name, tree: privatePart(['auth']), config, logger });
  const endMaintenance = keepMaintained(auth, logger);
  opened.onClose(async () => {
    endMaintenance();
    await auth.close();
  });
  const { journal, replica: reader } = storage;
  const hiddenJournal = privateStorage.journal;
  return {
    name,
    main,
    rules,
    auth,
    authorizer,
    journal,
    reader,
    hidden,
    hiddenJournal,
    privatePart,
    close: opened.close,
  };
}

async function openStorageOf(name: string, { options, opened }: Opening): Promise<Storage> {
  return opened.add(await options.openStorage(name, withFields(options.logger, { database: name })));
}

async function openTree(
  name: string,
  { storage, authorizer, scopes }: { storage: Storage; authorizer: Authorizer; scopes?: Database },
  { options, opened }: Opening,
): Promise<Database> {
  const { config, logger, notifier, nodeId, trimsJournal, onLost } = options;
  const opening = createDatabase({
    name,
    journal: storage.journal,
    replica: storage.replica,
    notifier,
    authorizer,
    logger: withFields(logger, { database: name }),
    now: Date.now,
    random: Math.random,
    sleep,
    nodeId,
    limits: databaseLimitsOf(config),
    recordPrior: config.journalPriorValues,
    trimsJournal,
    ...(scopes && { scopes }),
    ...(onLost && { onLost }),
  });
  return opened.add(await opening.catch((cause: unknown) => refuse(config, cause)));
}

/** Damage in what the data folder alone has is told with what to do about it. */
function refuse({ store, data }: ServerConfig, cause: unknown): never {
  throw store === 'embedded' ? asDataFolderError(data, cause) : cause;
}
