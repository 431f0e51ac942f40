import { replicaConformance } from './conformance.js';
import { createMemoryReplica } from './memory-replica.js';

replicaConformance('memory replica', async () => {
  const replica = createMemoryReplica();
  return { replica, dispose: () => replica.close() };
});
