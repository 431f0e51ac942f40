import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase, type Database, openAuthorizer } from '@backside/api';
import { createMemoryHub, type Notifier } from '@backside/notifier';
import { type Commit, SILENT_LOGGER } from '@backside/protocol';
import { type Append, createMemoryJournal, createMemoryReplica, type Journal } from '@backside/store';
import { databaseNode } from './database-node.js';
import type { LoadNode } from './load-node.js';

/** How one node sees the journal and the notifier that all share. */
export interface Parts {
  readonly journal: Journal;
  readonly notifier: Notifier;
}

/** Databases of this process over one memory journal. `wrap` puts something else in the place of a node's parts. */
export interface InProcessNodes {
  readonly nodes: readonly LoadNode[];
  close(): Promise<void>;
}

/** A database whose journal was made to lie to it may wait for ever for its place in the order. */
const CLOSE_MS = 2_000;

export async function startInProcess(
  count: number,
  wrap: (parts: Parts, index: number) => Parts = (parts) => parts,
): Promise<InProcessNodes> {
  const journal = sharedJournal();
  const hub = createMemoryHub();
  const opened = Array.from({ length: count }, (_, index) => wrap({ journal, notifier: hub.connect() }, index));
  const databases = await Promise.all(opened.map((parts, index) => open(parts, `node-${index}`)));
  return {
    nodes: databases.map((database, index) => databaseNode(`node-${index}`, database)),
    close: async () => {
      await Promise.race([Promise.all(databases.map((database) => database.close())), sleep(CLOSE_MS)]);
      await Promise.all(opened.map(({ notifier }) => notifier.close()));
    },
  };
}

function open({ journal, notifier }: Parts, nodeId: string): Promise<Database> {
  return createDatabase({
    name: 'load',
    journal,
    notifier,
    replica: createMemoryReplica(),
    authorizer: openAuthorizer,
    logger: SILENT_LOGGER,
    now: Date.now,
    random: Math.random,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
    nodeId,
  });
}

/** A memory journal whose appends take a moment, so that nodes meet, and which each of several nodes may close. */
function sharedJournal(): Journal {
  const journal = createMemoryJournal({ keepCommits: 1_000_000 });
  const moment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));
  return wrapJournal(journal, {
    supports: { durability: 'none', sharedBetweenNodes: true },
    append: (base, commits) => {
      const { accepted, durable } = journal.append(base, commits);
      return { accepted: moment().then(() => accepted), durable: moment().then(() => durable) };
    },
    close: async () => {},
  });
}

/** The journal with some of its parts replaced. */
export function wrapJournal(journal: Journal, parts: Partial<Journal>): Journal {
  return {
    supports: journal.supports,
    epoch: journal.epoch,
    head: () => journal.head(),
    first: () => journal.first(),
    append: (base: number, commits: readonly Commit[]): Append => journal.append(base, commits),
    commits: (after) => journal.commits(after),
    trim: (revision) => journal.trim(revision),
    close: () => journal.close(),
    ...parts,
  };
}

/** The notifier with some of its parts replaced. */
export function wrapNotifier(notifier: Notifier, parts: Partial<Notifier>): Notifier {
  return {
    betweenNodes: notifier.betweenNodes,
    state: notifier.state,
    publish: (database, commits) => notifier.publish(database, commits),
    subscribe: (database, handler) => notifier.subscribe(database, handler),
    close: () => notifier.close(),
    ...parts,
  };
}
