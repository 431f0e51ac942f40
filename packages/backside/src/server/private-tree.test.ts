import { closedAuthorizer, createDatabase, type Database } from '@backside/api';
import { privateTreeConformance } from '@backside/auth/conformance';
import { createMemoryNotifier, type Notifier } from '@backside/notifier';
import { SILENT_LOGGER } from '@backside/protocol';
import { createMemoryJournal, createMemoryReplica, type Journal } from '@backside/store';
import { createPrivateTree } from './private-tree.js';
import { sleep } from './sleep.js';

/** A memory journal that several databases may append to. */
function sharedJournal(): Journal {
  const supports = { durability: 'none', sharedBetweenNodes: true };
  return Object.defineProperty(createMemoryJournal({ keepCommits: 10_000 }), 'supports', { value: supports });
}

privateTreeConformance('a private database', async () => {
  const journal = sharedJournal();
  const notifier: Notifier = createMemoryNotifier();
  const databases: Database[] = [];
  let nodes = 0;
  return {
    connect: async () => {
      const replica = createMemoryReplica({});
      const database = await createDatabase({
        name: 'default.private',
        journal,
        replica,
        notifier,
        authorizer: closedAuthorizer,
        logger: SILENT_LOGGER,
        now: Date.now,
        random: Math.random,
        sleep,
        nodeId: `node-${++nodes}`,
      });
      databases.push(database);
      return createPrivateTree({ database, reader: replica, root: ['auth'], logger: SILENT_LOGGER });
    },
    dispose: async () => {
      await Promise.all(databases.map((database) => database.close()));
      await notifier.close();
    },
  };
});
