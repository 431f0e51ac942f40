import {
  childOf,
  getAt,
  isMap,
  type Json,
  type Node,
  nodeToJson,
  type Order,
  type Priority,
  parsePath,
  priorityOf,
  sortedEntries,
} from '@backside/tree';
import type { RefusedError } from '../link/refused-error.js';
import type { SnapshotState } from '../sync/view.js';
import type { Reference } from './reference.js';

export interface SnapshotFields {
  readonly ref: Reference;
  readonly node: Node;
  readonly order: Order;
  readonly state: SnapshotState;
  readonly refusal: RefusedError | null;
}

/** What was at a place at one moment. Never changes. */
export class DataSnapshot {
  readonly ref: Reference;
  /** How far it can be relied on. */
  readonly state: SnapshotState;
  /** In state `refused`: why the server refused the write that is not part of this any more. */
  readonly refusal: RefusedError | null;
  readonly #node: Node;
  readonly #order: Order;

  constructor({ ref, node, order, state, refusal }: SnapshotFields) {
    this.ref = ref;
    this.state = state;
    this.refusal = refusal;
    this.#node = node;
    this.#order = order;
  }

  /** Null at the root. */
  get key(): string | null {
    return this.ref.key;
  }

  get priority(): Priority {
    return priorityOf(this.#node);
  }

  /** How many children there are. */
  get size(): number {
    return isMap(this.#node) ? this.#node.children.size : 0;
  }

  /** Without priorities; a map whose keys look like indexes is an array. A new value each time, which the caller may change. */
  val(): Json {
    return nodeToJson(this.#node, 'val');
  }

  /** With priorities, as `.priority` and `.value`; never an array. What it gives can be written back without loss. */
  exportVal(): Json {
    return nodeToJson(this.#node, 'export');
  }

  toJSON(): Json {
    return this.exportVal();
  }

  exists(): boolean {
    return this.#node !== null;
  }

  /** Throws TreeError for a path that there cannot be. */
  child(path: string): DataSnapshot {
    const node = getAt(this.#node, parsePath(path));
    return this.#below(path, node);
  }

  hasChild(path: string): boolean {
    return getAt(this.#node, parsePath(path)) !== null;
  }

  hasChildren(): boolean {
    return isMap(this.#node);
  }

  /** The children in the order of the query that was listened to. Ends when `action` returns true, and returns whether it did. */
  forEach(action: (child: DataSnapshot) => unknown): boolean {
    for (const child of this) if (action(child) === true) return true;
    return false;
  }

  *[Symbol.iterator](): Generator<DataSnapshot, undefined> {
    if (!isMap(this.#node)) return;
    for (const [key] of sortedEntries(this.#node, this.#order)) yield this.#below(key, childOf(this.#node, key));
  }

  #below(path: string, node: Node): DataSnapshot {
    const { state, refusal } = this;
    return new DataSnapshot({ ref: this.ref.child(path), node, order: { by: 'priority' }, state, refusal });
  }
}
