import { privateTreeConformance } from './conformance.js';
import { createMemoryPrivateTree } from './memory-private-tree.js';

privateTreeConformance('memory', async () => {
  const tree = createMemoryPrivateTree();
  return { connect: async () => tree, dispose: async () => undefined };
});
