import type { Json } from '@backside/tree';
import type { IsFree, NamedKeyOf, SchemaAt, WildcardOf } from './schema-at.js';

/** What the server puts in the place of a number: its time in milliseconds, or the number there plus an amount. */
export type ServerNumber = { readonly '.sv': 'timestamp' | { readonly increment: number } };

/** The value of a place as it is read: each wildcard is an index signature. */
export type ValueOf<Schema> =
  IsFree<Schema> extends true
    ? Json
    : Schema extends readonly (infer Item)[]
      ? ValueOf<Item>[]
      : Schema extends object
        ? MapValue<Schema>
        : Exclude<Schema, null | undefined>;

type MapValue<Schema extends object> = [WildcardOf<Schema>] extends [never]
  ? NamedValues<Schema>
  : [NamedKeyOf<Schema>] extends [never]
    ? { [key: string]: ValueOf<Schema[WildcardOf<Schema>]> }
    : NamedValues<Schema> & { [key: string]: ValueOf<Schema[keyof Schema]> };

type NamedValues<Schema extends object> = {
  [Key in keyof Schema as Key extends `$${string}` ? never : Key]: ValueOf<Schema[Key]>;
};

/** What may be written there: the value, where numbers may be server values and what is optional may be null. */
export type WriteOf<Schema> =
  IsFree<Schema> extends true
    ? Json
    : Schema extends readonly (infer Item)[]
      ? readonly WriteOf<Item>[]
      : Schema extends object
        ? MapWrite<Schema>
        : number extends Schema
          ? number | ServerNumber
          : Exclude<Schema, null | undefined>;

type MapWrite<Schema extends object> = [WildcardOf<Schema>] extends [never]
  ? NamedWrites<Schema>
  : [NamedKeyOf<Schema>] extends [never]
    ? { readonly [key: string]: WriteOf<Schema[WildcardOf<Schema>]> | null }
    : NamedWrites<Schema> & { readonly [key: string]: WriteOf<Schema[keyof Schema]> | null };

type NamedWrites<Schema extends object> = {
  readonly [Key in keyof Schema as Key extends `$${string}` ? never : Key]:
    | WriteOf<Schema[Key]>
    | (undefined extends Schema[Key] ? null : never);
};

/** The value at a path, when there is one. */
export type ValueAt<Schema, Path extends string> = ValueOf<SchemaAt<Schema, Path>>;

/** What may be written at a path; null, which removes, not counted. */
export type WriteAt<Schema, Path extends string> = WriteOf<SchemaAt<Schema, Path>>;
