import {
  compareInOrder,
  type IndexValue,
  indexValueOf,
  inRange,
  isMap,
  type Node,
  type Order,
  type PresentNode,
  type Query,
  sortedEntries,
} from '@backside/tree';

/** A child as an order knows it. */
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
    this.#entries = isMap(node) ? sortedEntries(node, order).map(([key, child]) => entryOf(order, key, child)) : [];
  }

  /** The keys from one index to before another. */
  keys(from: number, to: number): string[] {
    return this.#entries.slice(from, to).map(({ key }) => key);
  }

  /** Takes a child out as it was, and puts it in as it is; null for absence. One that does not move stays. */
  replace(key: string, before: Node, after: Node): void {
    if (before !== null && after !== null && this.#isSamePlace(key, before, after)) return;
    if (before !== null) this.#entries.splice(this.indexOf(key, before), 1);
    if (after !== null) this.#entries.splice(this.indexOf(key, after), 0, entryOf(this.#order, key, after));
  }

  /** Where a child stands, or would have to stand. */
  indexOf(key: string, child: PresentNode): number {
    const entry = entryOf(this.#order, key, child);
    return this.#count((other) => compareEntries(this.#order, other, entry) < 0);
  }

  /** What a query in this order chooses: from the first index to before the second. */
  chosenBy({ order, start, end, limit }: Query): readonly [number, number] {
    const from = start ? this.#count(({ value, key }) => !inRange({ order, start }, value, key)) : 0;
    const past = end ? this.#count(({ value, key }) => inRange({ order, end }, value, key)) : this.#entries.length;
    const to = Math.max(from, past);
    if (limit === undefined) return [from, to];
    return limit.from === 'first' ? [from, Math.min(to, from + limit.count)] : [Math.max(from, to - limit.count), to];
  }

  #isSamePlace(key: string, before: PresentNode, after: PresentNode): boolean {
    return compareEntries(this.#order, entryOf(this.#order, key, before), entryOf(this.#order, key, after)) === 0;
  }

  /** Of how many entries `holds` is true: those at the beginning, and no others. */
  #count(holds: (entry: Entry) => boolean): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(this.#entries[middle] as Entry)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export function entryOf(order: Order, key: string, child: PresentNode): Entry {
  return { key, value: indexValueOf(order, key, child) };
}

/** Negative if `a` comes before `b`. */
export function compareEntries(order: Order, a: Entry, b: Entry): number {
  return compareInOrder(order, a.value, a.key, b.value, b.key);
}
