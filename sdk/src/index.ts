export type { Json } from '@backside/tree';
export type { Backside, TypedBackside } from './backside.js';
export { type ConnectOptions, connect } from './connect.js';
export type { Database, QueryOption, ValueListener } from './database.js';
export type { BackoffLimits } from './link/backoff.js';
export type { Connection, ListenHandler, ListenTarget, ServerEvent, Status, UserInfo } from './link/connection.js';
export { type ConnectionOptions, createConnection } from './link/create-connection.js';
export type { Environment } from './link/environment.js';
export { ClosedError, RefusedError } from './link/refused-error.js';
export type { Socket, SocketFactory } from './link/socket.js';
export type { WireAck, WireStep, WireWrite } from './link/write.js';
export type { Persistence, StoredListen, SyncStore, Warn } from './offline/sync-store.js';
export type { OnDisconnect, OnDisconnectOptions } from './reference/on-disconnect.js';
export type { EventListener, Query, QueryFields } from './reference/query.js';
export type { PriorityValue, PushedReference, Reference, TransactionResult } from './reference/reference.js';
export type { ListenOptions, WaitOptions, WriteOptions } from './reference/root.js';
export { ServerValue } from './reference/server-value.js';
export type { DataSnapshot } from './reference/snapshot.js';
export {
  type AnySchema,
  type CheckedPath,
  type PathOf,
  type PatternOf,
  pathsOf,
  type ServerNumber,
  type TypedApi,
  type TypedQuery,
  type TypedReference,
  type TypedSnapshot,
  type ValueAt,
  type WriteAt,
} from './schema/index.js';
export type { RefusalListener } from './sync/sync-tree.js';
export type { TransactionOptions, TransactionUpdate } from './sync/transaction.js';
export type { EventType, SnapshotState } from './sync/view.js';
