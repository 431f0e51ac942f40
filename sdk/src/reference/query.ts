import { type Json, type Leaf, type Path, parseQuery, TreeError, type Query as TreeQuery } from '@backside/tree';
import { abortable } from '../link/abortable.js';
import { targetKey } from '../sync/server-listen.js';
import type { EventType, Shown } from '../sync/view.js';
import type { Reference } from './reference.js';
import type { ListenOptions, Root, WaitOptions } from './root.js';
import { DataSnapshot } from './snapshot.js';

/** What a listener gets: the whole, or one child and the key of the child before it. */
export type EventListener = (snapshot: DataSnapshot, previousChildKey: string | null) => void;

/** The fields that `parseQuery` reads. */
export type QueryFields = Readonly<Record<string, Json>>;

/** Where a query is, and how to come from a path to a reference. */
export interface Place {
  readonly root: Root;
  readonly path: Path;
  readonly refer: (path: Path) => Reference;
}

/** The children of a place in an order, and which of them. Each refinement gives a new one. */
export class Query {
  protected readonly place: Place;
  readonly #fields: QueryFields;
  readonly #query: TreeQuery;

  /** Throws TreeError (`invalid-query`) for fields that contradict each other. */
  constructor(place: Place, fields: QueryFields = {}) {
    this.place = place;
    this.#fields = fields;
    this.#query = parseQuery(fields);
  }

  get ref(): Reference {
    return this.place.refer(this.place.path);
  }

  /** @param path a child of each child, at any depth: `'address/city'`. */
  orderByChild(path: string): Query {
    return this.#with('orderBy', path);
  }

  orderByKey(): Query {
    return this.#with('orderBy', '$key');
  }

  orderByValue(): Query {
    return this.#with('orderBy', '$value');
  }

  orderByPriority(): Query {
    return this.#with('orderBy', '$priority');
  }

  startAt(value: Leaf | null, key?: string): Query {
    return this.#with('startAt', bound(value, key));
  }

  startAfter(value: Leaf | null, key?: string): Query {
    return this.#with('startAfter', bound(value, key));
  }

  endAt(value: Leaf | null, key?: string): Query {
    return this.#with('endAt', bound(value, key));
  }

  endBefore(value: Leaf | null, key?: string): Query {
    return this.#with('endBefore', bound(value, key));
  }

  equalTo(value: Leaf | null, key?: string): Query {
    return this.#with('equalTo', bound(value, key));
  }

  limitToFirst(count: number): Query {
    return this.#with('limitToFirst', count);
  }

  limitToLast(count: number): Query {
    return this.#with('limitToLast', count);
  }

  /** Tells the listener what is there and then each change, until `off`. Returns the listener. */
  on<Listener extends EventListener>(
    type: EventType,
    listener: Listener,
    options?: ListenOptions | RefusedCallback,
  ): Listener {
    this.listen(type, listener, typeof options === 'function' ? { refused: options } : options);
    return listener;
  }

  /** As `on`, but returns how to end it. */
  listen(type: EventType, listener: EventListener, options: ListenOptions = {}): () => void {
    return this.place.root.listeners.add(this.#target(), {
      type,
      listener,
      options,
      tell: (shown) => listener(this.snapshotOf(shown), shown.previousKey),
    });
  }

  /** Ends listens of this query: those of a listener, of a type, or all. */
  off(type?: EventType, listener?: EventListener): void {
    this.place.root.listeners.remove(this.#target(), type, listener);
  }

  /** Resolves with the first event of the type, which may show what was stored or is pending. Rejects if the server refuses. */
  once(type: EventType = 'value', { signal }: WaitOptions = {}): Promise<DataSnapshot> {
    return abortable(signal, (resolve, refused) => this.listen(type, resolve, { refused }));
  }

  /** Resolves with what the server has: at once if that is known, else once it has answered, however long that takes. */
  async get({ signal }: WaitOptions = {}): Promise<DataSnapshot> {
    return this.snapshotOf(await this.place.root.tree.confirmed(this.#target(), signal));
  }

  /**
   * The state now and after each change. Who is slow in taking them gets the latest and not all. Ends, by throwing, when the
   * server refuses or the signal aborts.
   */
  async *changes({ signal }: WaitOptions = {}): AsyncGenerator<DataSnapshot, undefined> {
    let latest: DataSnapshot | null = null;
    let refusal: { readonly error: Error } | null = null;
    let wake = (): void => {};
    signal?.throwIfAborted();
    const stop = this.listen(
      'value',
      (snapshot) => {
        latest = snapshot;
        wake();
      },
      {
        refused: (error) => {
          refusal = { error };
          wake();
        },
        states: true,
      },
    );
    try {
      for (;;) {
        signal?.throwIfAborted();
        if (refusal !== null) throw (refusal as { error: Error }).error;
        const next: DataSnapshot | null = latest;
        latest = null;
        if (next !== null) yield next;
        else
          await abortable<void>(signal, (resolve) => {
            wake = resolve;
            return () => {};
          });
      }
    } finally {
      stop();
    }
  }

  isEqual(other: Query): boolean {
    return targetKey(this.#target()) === targetKey(other.#target());
  }

  toString(): string {
    return this.ref.toString();
  }

  protected snapshotOf({ path, node, query, state, refusal }: Shown): DataSnapshot {
    return new DataSnapshot({ ref: this.place.refer(path), node, order: query.order, state, refusal });
  }

  #target(): { path: Path; query: TreeQuery } {
    return { path: this.place.path, query: this.#query };
  }

  #with(name: string, value: Json): Query {
    if (Object.hasOwn(this.#fields, name)) throw new TreeError('invalid-query', `${name} is given twice`);
    return new Query(this.place, { ...this.#fields, [name]: value });
  }
}

export type RefusedCallback = (error: Error) => void;

function bound(value: Leaf | null, key: string | undefined): Json {
  return key === undefined ? value : [value, key];
}
