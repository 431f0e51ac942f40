import {
  BigMap,
  compareInOrder,
  type Glance,
  inRange,
  isMap,
  leafValue,
  type Path,
  type Query,
  type TreeReader,
} from '@backside/tree';
import type { Candidate } from './index-scan.js';
import { ANY_MAP, type IndexedValue } from './indexed-value.js';

/** Which children an order is of: those of the node at `path`, by what stands at `by` below each, or by their priority. */
export interface OrderedPlace {
  readonly path: Path;
  readonly by: Path | 'priority';
}

/**
 * The children of one node that the tail may have changed, in one order: what a query merges with an index that knows
 * nothing of the tail. Kept up to date from query to query, so that a query does not pay for the length of the tail.
 */
export class TouchedOrder {
  readonly place: OrderedPlace;
  /** Those that are there, in order. */
  readonly #sorted: Candidate[] = [];
  /** All that were touched; null for those that are gone. */
  readonly #byKey: Map<string, Candidate | null> = new Map();
  readonly #stale: Set<string> = new Set();

  constructor(place: OrderedPlace, touched: Iterable<string>) {
    this.place = place;
    for (const key of touched) this.#stale.add(key);
  }

  /** Whether the tail may have changed this child, so that what the index says of it does not count. */
  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  /** Notes that a change at `path` was made. Returns false if it replaces the node itself: then this order is of no use. */
  note(path: Path): boolean {
    const { path: own } = this.place;
    const shared = Math.min(path.length, own.length);
    for (let index = 0; index < shared; index++) if (path[index] !== own[index]) return true;
    if (path.length <= own.length) return false;
    const key = path[own.length]!;
    if (key !== '.priority') this.#stale.add(key);
    return true;
  }

  /** Those within the query's bounds, in its order, or backwards. Good until the next `refresh`. */
  *scan(query: Query, reverse: boolean): Generator<Candidate, undefined> {
    const { order, start, end } = query;
    const from = start ? lowest(this.#sorted, ({ value, key }) => inRange({ order, start }, value, key)) : 0;
    const to = end
      ? lowest(this.#sorted, ({ value, key }) => !inRange({ order, end }, value, key))
      : this.#sorted.length;
    for (let step = 0; step < to - from; step++) yield this.#sorted[reverse ? to - 1 - step : from + step]!;
  }

  /** Brings it to what `view` shows, after the changes that were noted. */
  refresh(view: TreeReader): void {
    if (this.#stale.size > this.#sorted.length) this.#rebuild(view);
    else for (const key of this.#stale) this.#move(key, view);
    this.#stale.clear();
  }

  #rebuild(view: TreeReader): void {
    for (const key of this.#stale) this.#byKey.set(key, this.#candidate(key, view));
    this.#sorted.length = 0;
    for (const candidate of this.#byKey.values()) if (candidate) this.#sorted.push(candidate);
    this.#sorted.sort(compare);
  }

  #move(key: string, view: TreeReader): void {
    const before = this.#byKey.get(key);
    if (before) this.#sorted.splice(this.#positionOf(before), 1);
    const after = this.#candidate(key, view);
    this.#byKey.set(key, after);
    if (after) this.#sorted.splice(this.#positionOf(after), 0, after);
  }

  #positionOf(candidate: Candidate): number {
    return lowest(this.#sorted, (other) => compare(other, candidate) >= 0);
  }

  #candidate(key: string, view: TreeReader): Candidate | null {
    const path = [...this.place.path, key];
    const { by } = this.place;
    const child = view.glance(path);
    if (child === null) return null;
    if (by === 'priority') return { key, value: typeof child === 'object' ? child.priority : null };
    return { key, value: indexedValueOfGlance(by.length === 0 ? child : view.glance([...path, ...by])) };
  }
}

/** The order of any index; which child path it looks at does not matter here. */
function compare(a: Candidate, b: Candidate): number {
  return compareInOrder({ by: 'value' }, a.value, a.key, b.value, b.key);
}

function indexedValueOfGlance(glance: Glance): IndexedValue {
  return glance instanceof BigMap || isMap(glance) ? ANY_MAP : leafValue(glance);
}

/** The first position of a sorted list where `reached` holds, given that it holds from there on. */
function lowest<Entry>(sorted: readonly Entry[], reached: (entry: Entry) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (reached(sorted[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
