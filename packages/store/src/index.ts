export { isIndexed, matchesPattern } from './index-definitions.js';
export type { Append, AppendOutcome, Checkpoint, Journal, JournalSupports } from './journal.js';
export { streamTreeJson } from './json-stream.js';
export { createMemoryJournal, type MemoryJournalOptions, revisionProblem } from './memory-journal.js';
export { createMemoryReplica, type MemoryReplicaOptions } from './memory-replica.js';
export type { IndexDefinition, QueryAnswer, Replica, ReplicaSupports } from './replica.js';
export { type Patience, retrying } from './retrying.js';
export { type AppendStore, type MergedAppend, SharedAppendQueue } from './shared-append-queue.js';
export { treeEntries } from './tree-entries.js';
