export type { CheckedPath, PathOf, PatternOf } from './path-of.js';
export { pathsOf } from './paths-of.js';
export type { AnySchema, SchemaAt } from './schema-at.js';
export type { TypedApi, TypedListener } from './typed-api.js';
export type { TypedQuery } from './typed-query.js';
export type { TypedReference } from './typed-reference.js';
export type { TypedSnapshot } from './typed-snapshot.js';
export type { ServerNumber, ValueAt, WriteAt } from './value-of.js';
