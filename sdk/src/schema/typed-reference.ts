import type { WireAck } from '../link/write.js';
import type { OnDisconnectOptions } from '../reference/on-disconnect.js';
import type { PriorityValue } from '../reference/reference.js';
import type { WaitOptions, WriteOptions } from '../reference/root.js';
import type { TransactionOptions } from '../sync/transaction.js';
import type { CheckedChildPath } from './path-of.js';
import type { AnySchema, SchemaAt } from './schema-at.js';
import type { TypedQuery } from './typed-query.js';
import type { ElementOf, TypedSnapshot } from './typed-snapshot.js';
import type { ValueOf, WriteOf } from './value-of.js';

/** An update that names children, at any depth: `{ age: 75, 'address/city': null }`. */
export type CheckedUpdate<Schema, Values extends object> = {
  readonly [Path in keyof Values]: Path extends string
    ? Path extends CheckedChildPath<Schema, Path>
      ? WriteOf<SchemaAt<Schema, Path>> | null
      : never
    : never;
};

/** What a transaction makes of the value there; undefined leaves it as it is. */
export type TypedUpdate<Schema> = (current: ValueOf<Schema> | null) => WriteOf<Schema> | null | undefined;

export interface TypedTransactionResult<Schema> {
  readonly committed: boolean;
  readonly snapshot: TypedSnapshot<Schema>;
}

/** `OnDisconnect`, of a place that has a schema. */
interface TypedOnDisconnect<Schema> {
  set(value: WriteOf<Schema> | null, options?: OnDisconnectOptions): Promise<void>;
  setWithPriority(
    value: WriteOf<Schema> | null,
    priority: string | number | null,
    options?: OnDisconnectOptions,
  ): Promise<void>;
  update<Values extends object>(
    values: Values & CheckedUpdate<Schema, Values>,
    options?: OnDisconnectOptions,
  ): Promise<void>;
  remove(options?: OnDisconnectOptions): Promise<void>;
  cancel(options?: WaitOptions): Promise<void>;
}

/** `Reference`, of a place that has a schema. `Root` is that of the whole tree. */
export interface TypedReference<Schema, Root = AnySchema> extends TypedQuery<Schema, Root> {
  readonly key: string | null;
  /** Of which nothing is known: what is above a place is not part of its schema. */
  readonly parent: TypedReference<AnySchema, Root> | null;
  readonly root: TypedReference<Root, Root>;
  child<Path extends string>(path: CheckedChildPath<Schema, Path>): TypedReference<SchemaAt<Schema, Path>, Root>;
  set(value: WriteOf<Schema> | null, options?: WriteOptions): Promise<WireAck>;
  setWithPriority(value: WriteOf<Schema> | null, priority: PriorityValue, options?: WriteOptions): Promise<WireAck>;
  setPriority(priority: PriorityValue, options?: WriteOptions): Promise<WireAck>;
  update<Values extends object>(
    values: Values & CheckedUpdate<Schema, Values>,
    options?: WriteOptions,
  ): Promise<WireAck>;
  remove(options?: WriteOptions): Promise<WireAck>;
  push(
    value?: WriteOf<ElementOf<Schema>>,
    options?: WriteOptions,
  ): TypedReference<ElementOf<Schema>, Root> & PromiseLike<TypedReference<ElementOf<Schema>, Root>>;
  transaction(update: TypedUpdate<Schema>, options?: TransactionOptions): Promise<TypedTransactionResult<Schema>>;
  onDisconnect(): TypedOnDisconnect<Schema>;
}
