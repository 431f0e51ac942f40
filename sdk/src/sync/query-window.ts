import { childOf, isDefaultQuery, makeMap, type Node, type PresentNode, type Query } from '@backside/tree';
import { replaceAt } from './edit.js';
import { OrderedChildren } from './ordered-children.js';

/**
 * The children of a node that a query chooses, in its order, kept while the node changes. To follow a change of one child takes
 * O(log n) comparisons, however many the query chooses.
 */
export class QueryWindow {
  readonly #query: Query;
  #all: Node;
  #chosen: Node;
  #ordered: OrderedChildren;

  constructor(query: Query, node: Node) {
    this.#query = query;
    this.#all = node;
    this.#ordered = new OrderedChildren(node, query.order);
    this.#chosen = isDefaultQuery(query) ? node : makeMap(this.keys().map((key) => [key, childOf(node, key)]));
  }

  /** Without bounds and limits the node itself, else with the chosen children only and without a priority; null if there are none. */
  get chosen(): Node {
    return this.#chosen;
  }

  /** The keys of the chosen children, in order. */
  keys(): string[] {
    return this.#ordered.keys(...this.#range());
  }

  /** The key of the chosen child before one that is chosen; null for the first. */
  previousKey(key: string, child: PresentNode): string | null {
    const index = this.#ordered.indexOf(key, child);
    return index === this.#range()[0] ? null : (this.#ordered.keys(index - 1, index)[0] ?? null);
  }

  /**
   * Goes on to another state of the node, which differs from the one before in the children `keys` at most. Returns which of the
   * chosen children may differ from those before.
   */
  follow(node: Node, keys: ReadonlySet<string>): ReadonlySet<string> {
    const touched = new Set(keys);
    this.#addEdges(touched, keys.size);
    for (const key of keys) this.#ordered.replace(key, childOf(this.#all, key), childOf(node, key));
    this.#all = node;
    this.#addEdges(touched, keys.size);
    if (isDefaultQuery(this.#query)) this.#chosen = node;
    else for (const key of touched) this.#choose(key);
    return touched;
  }

  #range(): readonly [number, number] {
    return this.#ordered.chosenBy(this.#query);
  }

  /** So many children at both ends: who comes in or goes, because others do, is among them. */
  #addEdges(keys: Set<string>, count: number): void {
    const [from, to] = this.#range();
    for (const key of this.#ordered.keys(from, Math.min(to, from + count))) keys.add(key);
    for (const key of this.#ordered.keys(Math.max(from, to - count), to)) keys.add(key);
  }

  #choose(key: string): void {
    const child = childOf(this.#all, key);
    const index = child === null ? -1 : this.#ordered.indexOf(key, child);
    const [from, to] = this.#range();
    this.#chosen = replaceAt(this.#chosen, [key], index >= from && index < to ? child : null);
  }
}
