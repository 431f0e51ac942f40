import type { IsFree, NamedKeyOf, SchemaAt, WildcardOf } from './schema-at.js';

/** How deep paths are listed; a schema may contain itself. Deeper paths are valid as long as the schema goes on. */
type Depth = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;
type Less = [never, 0, 1, 2, 3, 4, 5, 6];

/** Every path below the root as a pattern, wildcards by their names: `'/users' | '/users/$uid' | '/users/$uid/age'`. */
export type PatternOf<Schema, Left extends Depth = 7> =
  IsFree<Schema> extends true
    ? `/${string}`
    : Schema extends readonly unknown[]
      ? `/${number}`
      : Schema extends object
        ? { [Key in keyof Schema & string]-?: `/${Key}` | Below<Key, NonNullable<Schema[Key]>, Left> }[keyof Schema &
            string]
        : never;

type Below<Key extends string, Schema, Left extends Depth> = [Left] extends [0]
  ? never
  : `/${Key}${PatternOf<Schema, Less[Left]>}`;

/** Every path below the root: `` '/users' | `/users/${string}` | `/users/${string}/age` ``. */
export type PathOf<Schema> = Filled<PatternOf<Schema>>;

/** A pattern with any key in the place of each wildcard. */
export type Filled<Pattern extends string> = Pattern extends `${infer Head}/$${infer Rest}`
  ? Rest extends `${string}/${infer Tail}`
    ? `${Head}/${string}${Filled<`/${Tail}`>}`
    : `${Head}/${string}`
  : Pattern;

/** The names of the wildcards of a pattern, without their dollar signs. */
export type WildcardNames<Pattern extends string> = Pattern extends `${string}/$${infer Rest}`
  ? Rest extends `${infer Name}/${infer Tail}`
    ? Name | WildcardNames<`/${Tail}`>
    : Rest
  : never;

/**
 * The path itself if the schema has it; else what may stand there instead, which is what an editor offers while the path is being typed
 * and what the compiler names when it is wrong. A union of all paths could not do that: `` `/users/${string}` `` also matches
 * `'/users/bob/agee'`.
 */
export type CheckedPath<Schema, Path extends string> =
  IsFree<Schema> extends true ? Path : IsPath<Schema, Path> extends true ? Path : Offered<Schema, UpToLastKey<Path>>;

/** As `CheckedPath`, for a path from a place on, without a slash in front: `'address/city'`. */
export type CheckedChildPath<Schema, Path extends string> =
  IsFree<Schema> extends true
    ? Path
    : Path extends '' | `/${string}`
      ? NextKey<Schema>
      : IsPath<Schema, `/${Path}`> extends true
        ? Path
        : UpToLastKey<Path> extends ''
          ? NextKey<Schema>
          : Offered<Schema, UpToLastKey<Path>>;

type IsPath<Schema, Path extends string> = Path extends '/'
  ? true
  : Path extends `${string}/$${string}`
    ? false
    : Path extends `/${string}`
      ? [SchemaAt<Schema, Path>] extends [never]
        ? false
        : true
      : false;

/** What may follow a path that ends with a slash; a path without one is taken to begin at the root. */
type Offered<Schema, Above extends string> = Above extends ''
  ? `/${NextKey<Schema>}`
  : `${Above}${NextKey<SchemaAt<Schema, WithoutEnd<Above>>>}`;

/** A wildcard is offered as `<uid>`: offered as any string, it would let the wrong path through. */
type NextKey<Schema> = Schema extends readonly unknown[]
  ? '<index>'
  : NamedKeyOf<Schema> | (WildcardOf<Schema> extends `$${infer Name}` ? `<${Name}>` : never);

type UpToLastKey<Path extends string, Before extends string = ''> = Path extends `${infer Key}/${infer Rest}`
  ? UpToLastKey<Rest, `${Before}${Key}/`>
  : Before;

type WithoutEnd<Path extends string> = Path extends `${infer Start}/` ? Start : Path;
