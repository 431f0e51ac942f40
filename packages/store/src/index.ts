export { isIndexed, matchesPattern } from './index-definitions.js';
export type { Append, AppendOutcome, Checkpoint, Journal, JournalSupports } from './journal.js';
export { streamTreeJson } from './json-stream.js';
export { createMemoryJournal, type MemoryJournalOptions, revisionProblem } from './memory-journal.js';
export { createMemoryReplica, type MemoryReplicaOptions } from './memory-replica.js';
export type { IndexDefinition, QueryAnswer, Replica, ReplicaSupports } from './replica.js';
export { treeEntries } from './tree-entries.js';
