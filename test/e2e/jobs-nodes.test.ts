import { createDatabase, openAuthorizer } from '@backside/api';
import { createEmbeddedQueue } from '@backside/jobs';
import { queueConformance } from '@backside/jobs/conformance';
import { createMemoryHub } from '@backside/notifier';
import { SILENT_LOGGER } from '@backside/protocol';
import { createMemoryReplica } from '@backside/store';
import { sharedJournal } from '../../packages/api/src/testing/database.js';
import { createPrivateTree } from '../../packages/backside/src/server/private-tree.js';
import { severableTree } from '../../packages/jobs/src/testing/severable-tree.js';

/** Each process of the suite is a node with a replica of its own, over one journal. */
queueConformance('embedded queue of several nodes', async () => {
  const journal = sharedJournal();
  const hub = createMemoryHub();
  const closing: (() => Promise<void>)[] = [];
  let nodes = 0;
  return {
    client: async () => {
      nodes += 1;
      const replica = createMemoryReplica();
      const database = await createDatabase({
        name: 'main.private',
        journal,
        replica,
        notifier: hub.connect(),
        authorizer: openAuthorizer,
        logger: SILENT_LOGGER,
        now: Date.now,
        random: Math.random,
        sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
        nodeId: `node-${nodes}`,
      });
      closing.push(() => database.close());
      const whole = createPrivateTree({ database, reader: replica, root: ['jobs'], logger: SILENT_LOGGER });
      const { tree, cut } = severableTree(whole);
      return { queue: createEmbeddedQueue({ tree, logger: SILENT_LOGGER, now: Date.now }), cut };
    },
    end: async () => {
      await Promise.all(closing.map((close) => close()));
    },
  };
});
