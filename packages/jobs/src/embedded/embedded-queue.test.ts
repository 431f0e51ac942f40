import { createMemoryPrivateTree } from '@backside/auth';
import { SILENT_LOGGER } from '@backside/protocol';
import { queueConformance } from '../conformance/queue-conformance.js';
import { severableTree } from '../testing/severable-tree.js';
import { createEmbeddedQueue } from './embedded-queue.js';

queueConformance('embedded queue', async () => {
  const tree = createMemoryPrivateTree();
  return {
    client: async () => {
      const line = severableTree(tree);
      return { queue: createEmbeddedQueue({ tree: line.tree, logger: SILENT_LOGGER, now: Date.now }), cut: line.cut };
    },
    end: async () => {},
  };
});
