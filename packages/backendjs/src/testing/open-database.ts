import { createDatabase, type Database, type DatabaseOptions, openAuthorizer } from '@backside/api';
import { createMemoryNotifier } from '@backside/notifier';
import { SILENT_LOGGER } from '@backside/protocol';
import { createMemoryJournal, createMemoryReplica } from '@backside/store';

/** A database in memory with open rules, on real time; a test names what it wants otherwise. */
export function openDatabase(options: Partial<DatabaseOptions> = {}): Promise<Database> {
  return createDatabase({
    name: 'main',
    journal: createMemoryJournal({ keepCommits: 1_000 }),
    replica: createMemoryReplica(),
    notifier: createMemoryNotifier(),
    authorizer: openAuthorizer,
    logger: SILENT_LOGGER,
    now: Date.now,
    random: Math.random,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
    nodeId: 'node-a',
    ...options,
  });
}
