import {
  compareInOrder,
  type IndexValue,
  indexValueOf,
  isMap,
  type Node,
  type Order,
  type PresentNode,
  sortedEntries,
} from '@backside/tree';

interface Entry {
  readonly key: string;
  readonly value: IndexValue;
}

/** The keys of a node's children in an order, kept while the children change. A look-up takes O(log n) comparisons. */
export class OrderedChildren {
  readonly #order: Order;
  readonly #entries: Entry[];

  constructor(node: Node, order: Order) {
    this.#order = order;
    this.#entries = isMap(node)
      ? sortedEntries(node, order).map(([key, child]) => ({ key, value: indexValueOf(order, key, child) }))
      : [];
  }

  keys(): string[] {
    return this.#entries.map(({ key }) => key);
  }

  add(key: string, child: PresentNode): void {
    const entry = this.#entryOf(key, child);
    this.#entries.splice(this.#indexOf(entry), 0, entry);
  }

  /** `child` as it was when it was added. */
  remove(key: string, child: PresentNode): void {
    this.#entries.splice(this.#indexOf(this.#entryOf(key, child)), 1);
  }

  /** The key before that of a child which is in it; null for the first one. */
  previousKey(key: string, child: PresentNode): string | null {
    return this.#entries[this.#indexOf(this.#entryOf(key, child)) - 1]?.key ?? null;
  }

  /** Negative if child `a` comes before child `b`. */
  compare(a: readonly [string, PresentNode], b: readonly [string, PresentNode]): number {
    return this.#compare(this.#entryOf(...a), this.#entryOf(...b));
  }

  #entryOf(key: string, child: PresentNode): Entry {
    return { key, value: indexValueOf(this.#order, key, child) };
  }

  #compare(a: Entry, b: Entry): number {
    return compareInOrder(this.#order, a.value, a.key, b.value, b.key);
  }

  /** Where the entry is, or where it would have to be. */
  #indexOf(entry: Entry): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(this.#entries[middle] as Entry, entry) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
