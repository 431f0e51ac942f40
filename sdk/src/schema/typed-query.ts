import type { Leaf } from '@backside/tree';
import type { ListenOptions, WaitOptions } from '../reference/root.js';
import type { EventType } from '../sync/view.js';
import type { CheckedChildPath } from './path-of.js';
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

/** `Query`, of a place that has a schema. */
export interface TypedQuery<Schema> {
  readonly ref: TypedReference<Schema>;
  orderByChild<Path extends string>(path: CheckedChildPath<ElementOf<Schema>, Path>): TypedQuery<Schema>;
  orderByKey(): TypedQuery<Schema>;
  orderByValue(): TypedQuery<Schema>;
  orderByPriority(): TypedQuery<Schema>;
  startAt(value: Bound, key?: string): TypedQuery<Schema>;
  startAfter(value: Bound, key?: string): TypedQuery<Schema>;
  endAt(value: Bound, key?: string): TypedQuery<Schema>;
  endBefore(value: Bound, key?: string): TypedQuery<Schema>;
  equalTo(value: Bound, key?: string): TypedQuery<Schema>;
  limitToFirst(count: number): TypedQuery<Schema>;
  limitToLast(count: number): TypedQuery<Schema>;
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
}
