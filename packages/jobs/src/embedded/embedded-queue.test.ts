import { createMemoryPrivateTree, type PrivateTree } from '@backside/auth';
import { BacksideError, SILENT_LOGGER } from '@backside/protocol';
import { queueConformance } from '../queue-conformance.js';
import { createEmbeddedQueue } from './embedded-queue.js';

queueConformance('embedded queue', async () => {
  const tree = createMemoryPrivateTree();
  return {
    client: async () => {
      const line = severable(tree);
      return { queue: createEmbeddedQueue({ tree: line.tree, logger: SILENT_LOGGER, now: Date.now }), cut: line.cut };
    },
    end: async () => {},
  };
});

/** A way to the tree that can be cut. */
function severable(tree: PrivateTree): { tree: PrivateTree; cut: () => void } {
  let isCut = false;
  const reached = async <T>(work: () => Promise<T>): Promise<T> => {
    if (isCut) throw new BacksideError('unavailable');
    return work();
  };
  return {
    tree: {
      ...{ read: tree.read.bind(tree), keys: tree.keys.bind(tree), watch: tree.watch.bind(tree) },
      update: (...change) => reached(() => tree.update(...change)),
      refresh: () => reached(() => tree.refresh()),
    },
    cut: () => {
      isCut = true;
    },
  };
}
