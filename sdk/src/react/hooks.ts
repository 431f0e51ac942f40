import type { CheckedPath } from '../schema/path-of.js';
import type { SchemaAt } from '../schema/schema-at.js';
import type { TypedQueryFields } from '../schema/typed-api.js';
import type { ElementOf } from '../schema/typed-snapshot.js';
import type { ValueAt, ValueOf } from '../schema/value-of.js';
import type { Reading } from './reading.js';
import { type ListReading, useList } from './use-list.js';
import { useValue } from './use-value.js';

/** The hooks, for a tree that has a schema: a path that it has not is a type error. */
export interface TypedHooks<Schema> {
  useValue<Path extends string>(path: CheckedPath<Schema, Path> | null): Reading<ValueAt<Schema, Path>>;
  useList<Path extends string, Order extends string = never>(
    path: CheckedPath<Schema, Path> | null,
    query?: TypedQueryFields<SchemaAt<Schema, NoInfer<Path>>, Order>,
  ): ListReading<ValueOf<ElementOf<SchemaAt<Schema, Path>>>>;
}

/** `export const { useValue, useList } = hooksOf<Schema>();` */
export function hooksOf<Schema>(): TypedHooks<Schema> {
  // What the schema says holds at compile time only.
  return { useValue, useList } as unknown as TypedHooks<Schema>;
}
