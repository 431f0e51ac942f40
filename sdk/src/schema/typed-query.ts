import type { Leaf } from '@backside/tree';
import type { ListenOptions, WaitOptions } from '../reference/root.js';
import type { EventType } from '../sync/view.js';
import type { CheckedChildPath } from './path-of.js';
import type { AnySchema } from './schema-at.js';
import type { TypedReference } from './typed-reference.js';
import type { ElementOf, TypedSnapshot } from './typed-snapshot.js';

type Bound = Leaf | null;

/** The whole of what is listened to, or one of its children. */
type Told<Schema, Event extends EventType> = Event extends 'value'
  ? TypedSnapshot<Schema>
  : TypedSnapshot<ElementOf<Schema>>;

/** `EventListener`, of a place that has a schema. */
type TypedEventListener<Schema, Event extends EventType> = (
  snapshot: Told<Schema, Event>,
  previousChildKey: string | null,
) => void;

/** Any query or reference, whatever its schema. */
interface AnyQuery {
  readonly ref: unknown;
  limitToFirst(count: number): unknown;
}

/** `Query`, of a place that has a schema. `Root` is that of the whole tree. */
export interface TypedQuery<Schema, Root = AnySchema> {
  readonly ref: TypedReference<Schema, Root>;
  orderByChild<Path extends string>(path: CheckedChildPath<ElementOf<Schema>, Path>): TypedQuery<Schema, Root>;
  orderByKey(): TypedQuery<Schema, Root>;
  orderByValue(): TypedQuery<Schema, Root>;
  orderByPriority(): TypedQuery<Schema, Root>;
  startAt(value: Bound, key?: string): TypedQuery<Schema, Root>;
  startAfter(value: Bound, key?: string): TypedQuery<Schema, Root>;
  endAt(value: Bound, key?: string): TypedQuery<Schema, Root>;
  endBefore(value: Bound, key?: string): TypedQuery<Schema, Root>;
  equalTo(value: Bound, key?: string): TypedQuery<Schema, Root>;
  limitToFirst(count: number): TypedQuery<Schema, Root>;
  limitToLast(count: number): TypedQuery<Schema, Root>;
  on<Event extends EventType>(
    type: Event,
    listener: TypedEventListener<Schema, Event>,
    options?: ListenOptions | ((error: Error) => void),
  ): TypedEventListener<Schema, Event>;
  listen<Event extends EventType>(
    type: Event,
    listener: TypedEventListener<Schema, Event>,
    options?: ListenOptions,
  ): () => void;
  off<Event extends EventType>(type?: Event, listener?: TypedEventListener<Schema, Event>): void;
  once<Event extends EventType = 'value'>(type?: Event, options?: WaitOptions): Promise<Told<Schema, Event>>;
  get(options?: WaitOptions): Promise<TypedSnapshot<Schema>>;
  changes(options?: WaitOptions): AsyncGenerator<TypedSnapshot<Schema>, undefined>;
  isEqual(other: AnyQuery): boolean;
  toString(): string;
}
