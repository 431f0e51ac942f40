import {
  childOf,
  getAt,
  isDefaultQuery,
  isMap,
  isPrefix,
  type Node,
  nodesEqual,
  type Path,
  type Query,
} from '@backside/tree';
import type { RefusedError } from '../link/refused-error.js';
import { type ChildEvent, type ChildEventType, childEvents, initialChildEvents } from './child-events.js';
import { childrenWith, overlaps } from './edit.js';
import type { Emissions } from './emissions.js';
import type { PendingWrites } from './pending-writes.js';
import { QueryWindow } from './query-window.js';
import type { ServerListen, Touched } from './server-listen.js';

export type EventType = 'value' | ChildEventType;

/**
 * How far what is shown can be relied on:
 * - `cached`: it was stored earlier, and the server has not yet said that it still holds;
 * - `pending`: writes of this client are part of it that the server has not acknowledged;
 * - `confirmed`: the server has said so;
 * - `refused`: the server refused a write, and this is what is there without it.
 */
export type SnapshotState = 'cached' | 'pending' | 'confirmed' | 'refused';

/** What a listener is told: a node, and where and what it is. */
export interface Shown {
  readonly path: Path;
  readonly node: Node;
  /** Of whose children `node` is one, or which chose the children of `node`. */
  readonly query: Query;
  readonly previousKey: string | null;
  readonly state: SnapshotState;
  /** Why the write was refused, in state `refused`. */
  readonly refusal: RefusedError | null;
}

/** One listener. */
export interface Registration {
  readonly type: EventType;
  /** Whether a `value` is also told when its state alone has changed. */
  readonly states: boolean;
  event(shown: Shown): void;
  /** The server does not, or no longer, allow it, or the client was closed. Nothing follows. */
  refused(error: Error): void;
}

/** What is shown of one (path, query), to any number of listeners. */
export class View {
  readonly path: Path;
  readonly query: Query;
  readonly registrations: Set<Registration> = new Set();
  /** Where its data comes from. */
  source: ServerListen | null = null;
  readonly #pending: PendingWrites;
  readonly #emissions: Emissions;
  readonly #waiting = new Set<() => void>();
  #node: Node = null;
  #known = false;
  #state: SnapshotState = 'cached';
  /** Null while nobody asks for an order or a part of the children. */
  #window: QueryWindow | null = null;

  constructor(target: { path: Path; query: Query }, pending: PendingWrites, emissions: Emissions) {
    this.path = target.path;
    this.query = target.query;
    this.#pending = pending;
    this.#emissions = emissions;
  }

  /** Whether it shows the whole node, in whatever order. */
  get whole(): boolean {
    return isDefaultQuery(this.query);
  }

  /** What is there now; null while nothing is known. */
  get shown(): Shown | null {
    return this.#known ? this.#present(null) : null;
  }

  /** Whether the server itself has told what is shown, pending writes apart. */
  get confirmed(): boolean {
    return this.source?.knowledge === 'confirmed';
  }

  /** Calls back once `confirmed` holds; not at once. The returned function calls that off. */
  whenConfirmed(callback: () => void): () => void {
    this.#waiting.add(callback);
    return () => this.#waiting.delete(callback);
  }

  /** Takes a listener on; what is known already is told next. */
  register(registration: Registration): void {
    this.registrations.add(registration);
    if (!this.#known) return;
    if (registration.type === 'value') this.#emit(registration, this.#present(null));
    if (registration.type !== 'child_added') return;
    this.#window ??= new QueryWindow(this.query, this.#node);
    for (const event of initialChildEvents(this.#window)) this.#emit(registration, this.#child(event, null));
  }

  /** Shows what its source has now. `paths` are the places that may have changed, null means anywhere. */
  refresh(paths: Touched, refusal: RefusedError | null = null): void {
    if (paths !== null && !paths.some((path) => overlaps(path, this.path))) return;
    if (!this.#isKnown()) return;
    const before = this.#node;
    const first = !this.#known;
    this.#known = true;
    const keys = this.#follow(this.source as ServerListen, first ? null : paths);
    if (first || this.#differs(before, keys, paths)) this.#tellChange(before, keys, refusal);
    else this.#tellState(refusal);
    if (this.confirmed) for (const callback of this.#waiting) this.#emissions.add(callback);
    if (this.confirmed) this.#waiting.clear();
  }

  refuse(error: Error): void {
    for (const registration of this.registrations) this.#emissions.add(() => registration.refused(error));
    this.registrations.clear();
  }

  #isKnown(): boolean {
    return this.source !== null && (this.source.knowledge !== 'nothing' || this.#pending.covers(this.path));
  }

  /** Takes over what the source has; returns the children that may have changed, null for all. */
  #follow(source: ServerListen, paths: Touched): ReadonlySet<string> | null {
    const node = getAt(source.shown, this.path.slice(source.path.length));
    const keys = paths && childrenWith(paths, this.path);
    if (this.whole && !this.#hasChildListeners()) {
      this.#window = null;
      this.#node = node;
      return keys;
    }
    this.#window = (keys && this.#window) ?? new QueryWindow(this.query, keys ? this.#node : node);
    const touched = keys && this.#window.follow(node, keys);
    this.#node = this.#window.chosen;
    return touched;
  }

  #differs(before: Node, keys: ReadonlySet<string> | null, paths: Touched): boolean {
    const after = this.#node;
    if (before === after) return false;
    if (paths === null || keys === null) return !nodesEqual(before, after);
    if (!this.whole) return [...keys].some((key) => !nodesEqual(childOf(before, key), childOf(after, key)));
    return paths.some((path) => {
      const relative = path.slice(this.path.length);
      // No deeper than there was a map: below a leaf both may have nothing, while it is the leaf that has gone.
      const place = relative.filter((_key, at) => isMap(getAt(before, relative.slice(0, at))));
      return isPrefix(this.path, path) && !nodesEqual(getAt(before, place), getAt(after, place));
    });
  }

  #tellChange(before: Node, keys: ReadonlySet<string> | null, refusal: RefusedError | null): void {
    this.#state = this.#stateAt(this.path, refusal);
    if (this.#window !== null && this.#hasChildListeners()) {
      const difference = { before, after: this.#node, keys, order: this.query.order };
      for (const event of childEvents(this.#window, difference)) this.#tellChild(event, refusal);
    }
    const shown = this.#present(refusal);
    for (const registration of this.registrations) if (registration.type === 'value') this.#emit(registration, shown);
  }

  #tellState(refusal: RefusedError | null): void {
    const state = this.#stateAt(this.path, refusal);
    if (state === this.#state) return;
    this.#state = state;
    const shown = this.#present(refusal);
    for (const registration of this.registrations) if (registration.states) this.#emit(registration, shown);
  }

  #tellChild(event: ChildEvent, refusal: RefusedError | null): void {
    const shown = this.#child(event, refusal);
    for (const registration of this.registrations)
      if (registration.type === event.type) this.#emit(registration, shown);
  }

  #emit(registration: Registration, shown: Shown): void {
    this.#emissions.add(() => {
      if (this.registrations.has(registration)) registration.event(shown);
    });
  }

  #present(refusal: RefusedError | null): Shown {
    const state = this.#stateAt(this.path, refusal);
    return { path: this.path, node: this.#node, query: this.query, previousKey: null, state, refusal };
  }

  #child({ key, node, previousKey }: ChildEvent, refusal: RefusedError | null): Shown {
    const path = [...this.path, key];
    return { path, node, query: WHOLE, previousKey, state: this.#stateAt(path, refusal), refusal };
  }

  #stateAt(path: Path, refusal: RefusedError | null): SnapshotState {
    if (refusal !== null) return 'refused';
    if (this.#pending.isTouched(path)) return 'pending';
    return this.confirmed ? 'confirmed' : 'cached';
  }

  #hasChildListeners(): boolean {
    for (const { type } of this.registrations) if (type !== 'value') return true;
    return false;
  }
}

/** The query that chooses everything, in the default order. */
export const WHOLE: Query = { order: { by: 'priority' } };
