import type { Leaf } from '@backside/tree';
import type { WireAck } from '../link/write.js';
import type { ListenOptions, WaitOptions, WriteOptions } from '../reference/root.js';
import type { TransactionOptions } from '../sync/transaction.js';
import type { CheckedChildPath, CheckedPath } from './path-of.js';
import type { SchemaAt } from './schema-at.js';
import type { CheckedUpdate, TypedReference, TypedTransactionResult, TypedUpdate } from './typed-reference.js';
import type { ElementOf, TypedSnapshot } from './typed-snapshot.js';
import type { ValueAt, WriteAt, WriteOf } from './value-of.js';

/** A bound of a query: a value, or a value and the key to begin or end at among equal ones. */
type Bound = Leaf | null | readonly [Leaf | null, string];

/** Which children of a place, and in which order: by the path of a child of each, by `$key`, `$value` or `$priority`. */
export interface TypedQueryFields<Schema, Order extends string> {
  readonly orderBy?: Order extends '$key' | '$value' | '$priority' ? Order : CheckedChildPath<ElementOf<Schema>, Order>;
  readonly startAt?: Bound;
  readonly startAfter?: Bound;
  readonly endAt?: Bound;
  readonly endBefore?: Bound;
  readonly equalTo?: Bound;
  readonly limitToFirst?: number;
  readonly limitToLast?: number;
}

interface Queried<Schema, Order extends string> {
  readonly query?: TypedQueryFields<Schema, Order>;
}

/** Gets the value, as JSON without priorities, and the snapshot that it is of. */
export type TypedListener<Schema, Path extends string> = (
  value: ValueAt<Schema, Path> | null,
  snapshot: TypedSnapshot<SchemaAt<Schema, Path>>,
) => void;

/** What `Database` does with paths, for a tree that has a schema: a path that it has not is a type error. */
export interface TypedApi<Schema> {
  ref(): TypedReference<Schema, Schema>;
  ref<Path extends string>(path: CheckedPath<Schema, Path>): TypedReference<SchemaAt<Schema, Path>, Schema>;
  on<Path extends string, Order extends string = never>(
    path: CheckedPath<Schema, Path>,
    listener: TypedListener<Schema, NoInfer<Path>>,
    options?: ListenOptions & Queried<SchemaAt<Schema, NoInfer<Path>>, Order>,
  ): () => void;
  off<Path extends string, Order extends string = never>(
    path: CheckedPath<Schema, Path>,
    listener?: TypedListener<Schema, NoInfer<Path>>,
    options?: Queried<SchemaAt<Schema, NoInfer<Path>>, Order>,
  ): void;
  once<Path extends string, Order extends string = never>(
    path: CheckedPath<Schema, Path>,
    options?: WaitOptions & Queried<SchemaAt<Schema, NoInfer<Path>>, Order>,
  ): Promise<ValueAt<Schema, Path> | null>;
  get<Path extends string, Order extends string = never>(
    path: CheckedPath<Schema, Path>,
    options?: WaitOptions & Queried<SchemaAt<Schema, NoInfer<Path>>, Order>,
  ): Promise<ValueAt<Schema, Path> | null>;
  set<Path extends string>(
    path: CheckedPath<Schema, Path>,
    value: WriteAt<Schema, NoInfer<Path>> | null,
    options?: WriteOptions,
  ): Promise<WireAck>;
  update<Path extends string, Values extends object>(
    path: CheckedPath<Schema, Path>,
    values: Values & CheckedUpdate<SchemaAt<Schema, NoInfer<Path>>, Values>,
    options?: WriteOptions,
  ): Promise<WireAck>;
  push<Path extends string>(
    path: CheckedPath<Schema, Path>,
    value: WriteOf<ElementOf<SchemaAt<Schema, NoInfer<Path>>>>,
    options?: WriteOptions,
  ): Promise<string>;
  remove<Path extends string>(path: CheckedPath<Schema, Path>, options?: WriteOptions): Promise<WireAck>;
  transaction<Path extends string>(
    path: CheckedPath<Schema, Path>,
    update: TypedUpdate<SchemaAt<Schema, NoInfer<Path>>>,
    options?: TransactionOptions,
  ): Promise<TypedTransactionResult<SchemaAt<Schema, Path>>>;
  changes<Path extends string, Order extends string = never>(
    path: CheckedPath<Schema, Path>,
    options?: WaitOptions & Queried<SchemaAt<Schema, NoInfer<Path>>, Order>,
  ): AsyncIterable<TypedSnapshot<SchemaAt<Schema, Path>>>;
}
