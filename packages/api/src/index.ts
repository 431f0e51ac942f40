export { authValueOf } from './auth-value.js';
export {
  ALLOWED,
  type Allowed,
  type Authorizer,
  closedAuthorizer,
  type Decision,
  type Denied,
  openAuthorizer,
  type ReadRequest,
  type WriteRequest,
} from './authorizer.js';
export { ConnectionScope } from './connection-scope.js';
export { Database, type DatabaseStats, type ReadResult } from './database.js';
export { type DatabaseLimits, type DatabaseOptions, DEFAULT_DATABASE_LIMITS } from './database-options.js';
export { Follower, type FollowerOptions } from './follower.js';
export { JournalPoll, type JournalPollOptions } from './journal-poll.js';
export { JournalReach, type JournalReachOptions } from './journal-reach.js';
export { MAX_GRACE_MS } from './left-write.js';
export type { Encoder, Listener, ListenOptions, Subscription, ViewEvent } from './listener.js';
export type { ScopeStore } from './node-lease.js';
export { type AdoptHistoryOptions, adoptHistory, createDatabase } from './open-database.js';
export {
  type Precondition,
  type TransactionResult,
  type TransactionUpdate,
  type WriteOperation,
  type WriteResult,
  WriteSeries,
  type WriteStep,
} from './operation.js';
export type { PeerStats } from './peers.js';
export { createRulesAuthorizer, type RulesAuthorizerOptions } from './rules-authorizer.js';
export type { PrivateDatabase, RulesVersion } from './rules-history.js';
export { fixedRules, type RulesSource } from './rules-source.js';
export { openRulesStore, type PutOptions, RulesStore, type RulesStoreOptions } from './rules-store.js';
export {
  DEFAULT_TRACE_LOG_LIMITS,
  type Denial,
  type DenialTrace,
  nodeOfTrace,
  TraceLog,
  type TraceLogLimits,
  type TraceLogOptions,
} from './trace-log.js';
export { UNINDEXED_QUERY } from './unindexed-queries.js';
