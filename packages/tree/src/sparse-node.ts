import type { KeyRange } from './key-range.js';
import { countNodes, type MapNode, type Node, type Priority } from './node.js';
import { SortedKeys } from './sorted-keys.js';

/**
 * What an overlay says about one path: a node (null for absence) that replaces whatever is below it, or an open map. Absence from
 * a sparse map's entries, written `undefined`, means that the tree below shines through.
 */
export type Overlay = Node | OpenMap;

/**
 * A mutable map in an overlay.
 *
 * A *complete* one replaces what is below; its entries are never null, and it exists in this form only because changing a wide
 * immutable map entry by entry would copy it each time. A *sparse* one stands over a map and changes some of its children:
 * null entries hide them. Neither is ever empty as it is seen: what becomes empty is replaced by null.
 */
export class OpenMap {
  readonly complete: boolean;
  /** For a sparse map, undefined leaves the priority as it is below. */
  priority: Priority | undefined;
  /**
   * Of a sparse map: an untouched child of the tree below at the time when one was last needed. Every untouched child is at this
   * key or after it, because the search for one only goes forward.
   */
  survivor: string | undefined;
  readonly #entries: Map<string, Overlay>;
  #sorted: SortedKeys | undefined;
  #present: number;
  #count: number;

  constructor(complete: boolean, entries: Iterable<readonly [string, Overlay]>, priority: Priority | undefined) {
    this.complete = complete;
    this.priority = priority;
    this.#entries = new Map(entries);
    this.#present = 0;
    this.#count = 1;
    for (const entry of this.#entries.values()) {
      if (entry !== null) this.#present++;
      this.#count += countOverlay(entry);
    }
  }

  static sparse(): OpenMap {
    return new OpenMap(false, [], undefined);
  }

  static of(map: MapNode): OpenMap {
    return new OpenMap(true, map.children, map.priority);
  }

  get entries(): ReadonlyMap<string, Overlay> {
    return this.#entries;
  }

  /** Entries that are not null. */
  get present(): number {
    return this.#present;
  }

  /** Nodes held, this one included; a hidden child counts as one. */
  get count(): number {
    return this.#count;
  }

  /** What stands at `key`; undefined if the tree below shines through. */
  get(key: string): Overlay | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined && this.complete ? null : entry;
  }

  /** Replaces the entry. `wasCount` is what the old one counted, which may have been changed in place since. */
  put(key: string, entry: Overlay, wasCount: number): void {
    const before = this.#entries.get(key);
    if (before !== undefined && before !== null) this.#present--;
    if (entry !== null) this.#present++;
    this.#count -= wasCount;
    if (entry === null && this.complete) {
      this.#entries.delete(key);
      this.#sorted?.delete(key);
      return;
    }
    this.#count += countOverlay(entry);
    this.#entries.set(key, entry);
    if (before === undefined) this.#sorted?.add(key);
  }

  /** The keys of the entries, hidden ones too, in the range and its direction; `limit` is left to the caller. */
  keys(range?: KeyRange): Generator<string> {
    this.#sorted ??= new SortedKeys(this.#entries.keys());
    return this.#sorted.range(range);
  }
}

/** What an entry adds to the count of its map; `undefined`, no entry, adds nothing. */
export function countOverlay(overlay: Overlay | undefined): number {
  if (overlay === undefined) return 0;
  if (overlay instanceof OpenMap) return overlay.count;
  return overlay === null ? 1 : countNodes(overlay);
}
