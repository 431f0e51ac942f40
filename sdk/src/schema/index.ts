export type { CheckedChildPath, CheckedPath, Filled, PathOf, PatternOf, WildcardNames } from './path-of.js';
export { type PathMaker, pathsOf } from './paths-of.js';
export type { AnySchema, ChildSchema, SchemaAt } from './schema-at.js';
export type { TypedApi, TypedListener, TypedQueryFields } from './typed-api.js';
export type { TypedEventListener, TypedQuery } from './typed-query.js';
export type {
  CheckedUpdate,
  TypedOnDisconnect,
  TypedReference,
  TypedTransactionResult,
  TypedUpdate,
} from './typed-reference.js';
export type { ElementOf, TypedSnapshot } from './typed-snapshot.js';
export type { ServerNumber, ValueAt, ValueOf, WriteAt, WriteOf } from './value-of.js';
