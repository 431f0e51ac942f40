import type { Json } from '@backside/tree';

/** Stands for no schema: every path may be named, and every value is JSON. */
export type AnySchema = Json;

/** Whether anything may be at a place: the schema says `Json`, `unknown` or `any` there. */
export type IsFree<Schema> = [Json] extends [Schema] ? true : false;

/** The names of the wildcards of a place: `$uid` of `{ $uid: … }`. */
export type WildcardOf<Schema> = Extract<keyof Schema, `$${string}`>;

/** The keys that a place names, wildcards left out. */
export type NamedKeyOf<Schema> = Exclude<keyof Schema & string, `$${string}`>;

/**
 * What the schema says of a child; `never` if there can be none. A key that is not known as a literal is one that the schema
 * does not name: it is matched by the wildcard.
 */
export type ChildSchema<Schema, Key extends string> = IsFree<Schema> extends true ? Json : ChildOfSome<Schema, Key>;

type ChildOfSome<Schema, Key extends string> = Schema extends readonly (infer Item)[]
  ? Key extends `${number}`
    ? Item
    : never
  : Schema extends object
    ? ChildOfMap<Schema, Key>
    : never;

type ChildOfMap<Schema extends object, Key extends string> = Key extends ''
  ? never
  : Key extends keyof Schema
    ? Present<Schema[Key]>
    : Key extends `$${string}`
      ? never
      : Present<Schema[WildcardOf<Schema>]>;

/** A place whose absence is no longer in question. */
type Present<Schema> = IsFree<Schema> extends true ? Json : NonNullable<Schema>;

/**
 * What the schema says of a path: `'/users/bob/age'`, `` `/users/${string}/age` `` or, by the name of its wildcard,
 * `'/users/$uid/age'`. `never` if there is no such path.
 */
export type SchemaAt<Schema, Path extends string> =
  IsFree<Schema> extends true
    ? Json
    : Path extends '' | '/'
      ? Schema
      : Path extends `/${infer Keys}`
        ? Descend<Schema, Keys>
        : Descend<Schema, Path>;

type Descend<Schema, Keys extends string> = [Schema] extends [never]
  ? never
  : Keys extends `${infer Key}/${infer Rest}`
    ? Descend<ChildSchema<Schema, Key>, Rest>
    : ChildSchema<Schema, Keys>;
