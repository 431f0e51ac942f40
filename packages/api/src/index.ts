export {
  ALLOWED,
  type Allowed,
  type Authorizer,
  type Decision,
  type Denied,
  openAuthorizer,
  type ReadRequest,
  type WriteRequest,
} from './authorizer.js';
export { ConnectionScope } from './connection-scope.js';
export { Database, type DatabaseStats, type ReadResult } from './database.js';
export { type DatabaseLimits, type DatabaseOptions, DEFAULT_DATABASE_LIMITS } from './database-options.js';
export type { Encoder, Listener, ListenOptions, Subscription, ViewEvent } from './listener.js';
export { createDatabase } from './open-database.js';
export {
  type Precondition,
  type TransactionResult,
  type TransactionUpdate,
  type WriteOperation,
  type WriteResult,
  WriteSeries,
  type WriteStep,
} from './operation.js';
