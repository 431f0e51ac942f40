export { changeReplicaEpoch } from './change-epoch.js';
export {
  type CheckpointOptions,
  createLmdbCheckpointer,
  type FailureHandler,
  type LmdbCheckpointer,
  type LmdbCheckpointerOptions,
} from './checkpointer.js';
export { hasReplica } from './data-file.js';
export { FORMAT_VERSION } from './meta.js';
export { createLmdbReplica, type LmdbReplicaOptions } from './open-replica.js';
export type { ReadThrough } from './read-through.js';
export type { LmdbReplica } from './replica.js';
export { verifyLmdbReplica } from './verify-lmdb-replica.js';
