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
  /** The entries, once there was a second one: most open maps have one, and a `Map` is larger than all the rest of them. */
  #entries: Map<string, Overlay> | undefined;
  #onlyKey: string | undefined;
  #onlyEntry: Overlay = null;
  #sorted: SortedKeys | undefined;
  #present = 0;
  #count = 1;

  private constructor(complete: boolean, priority: Priority | undefined) {
    this.complete = complete;
    this.priority = priority;
  }

  static sparse(): OpenMap {
    return new OpenMap(false, undefined);
  }

  /** A sparse one with one entry. */
  static around(key: string, entry: Overlay): OpenMap {
    const open = new OpenMap(false, undefined);
    open.#onlyKey = key;
    open.#onlyEntry = entry;
    open.#noteNew(entry);
    return open;
  }

  static of(map: MapNode): OpenMap {
    const open = new OpenMap(true, map.priority);
    open.#entries = new Map(map.children);
    open.#present = map.children.size;
    open.#count = map.count();
    return open;
  }

  #noteNew(entry: Overlay): void {
    if (entry !== null) this.#present++;
    this.#count += countOverlay(entry);
  }

  entries(): Iterable<readonly [string, Overlay]> {
    if (this.#entries) return this.#entries;
    return this.#onlyKey === undefined ? [] : [[this.#onlyKey, this.#onlyEntry]];
  }

  /** The keys of the entries, in no order. */
  allKeys(): Iterable<string> {
    if (this.#entries) return this.#entries.keys();
    return this.#onlyKey === undefined ? [] : [this.#onlyKey];
  }

  has(key: string): boolean {
    return this.#entries ? this.#entries.has(key) : this.#onlyKey === key;
  }

  /** How many entries there are, hidden ones too. */
  get size(): number {
    if (this.#entries) return this.#entries.size;
    return this.#onlyKey === undefined ? 0 : 1;
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
    const entry = this.#own(key);
    return entry === undefined && this.complete ? null : entry;
  }

  #own(key: string): Overlay | undefined {
    if (this.#entries) return this.#entries.get(key);
    return this.#onlyKey === key ? this.#onlyEntry : undefined;
  }

  /**
   * Replaces what `get` gave for the key by `entry`, which may be the same, changed in place; `wasCount` is what it counted before
   * that. Looking up a key in a map of many is what most of a write costs, so nothing is looked up that the caller knows.
   */
  replace(key: string, { before, wasCount }: { before: Overlay | undefined; wasCount: number }, entry: Overlay): void {
    if (before !== undefined && before !== null) this.#present--;
    this.#count -= wasCount;
    if (entry === null && this.complete) {
      this.#entries?.delete(key);
      this.#sorted?.delete(key);
      return;
    }
    this.#noteNew(entry);
    if (entry !== before) this.#set(key, entry);
    if (before === undefined || (before === null && this.complete)) this.#sorted?.add(key);
  }

  #set(key: string, entry: Overlay): void {
    if (!this.#entries && (this.#onlyKey === undefined || this.#onlyKey === key)) {
      this.#onlyKey = key;
      this.#onlyEntry = entry;
      return;
    }
    if (!this.#entries) {
      this.#entries = new Map([[this.#onlyKey as string, this.#onlyEntry]]);
      this.#onlyKey = undefined;
      this.#onlyEntry = null;
    }
    this.#entries.set(key, entry);
  }

  /** The keys of the entries, hidden ones too, in the range and its direction; `limit` is left to the caller. */
  keys(range?: KeyRange): Generator<string> {
    this.#sorted ??= new SortedKeys(this.allKeys());
    return this.#sorted.range(range);
  }
}

/** What an entry adds to the count of its map; `undefined`, no entry, adds nothing. */
export function countOverlay(overlay: Overlay | undefined): number {
  if (overlay === undefined) return 0;
  if (overlay instanceof OpenMap) return overlay.count;
  return overlay === null ? 1 : countNodes(overlay);
}
