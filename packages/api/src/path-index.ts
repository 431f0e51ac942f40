import type { Path } from '@backside/tree';

interface Branch<Item> {
  children: Map<string, Branch<Item>> | null;
  /** The items of exactly this path: nearly always none or one, so that a set is made for the second one only. */
  items: Item | Set<Item> | null;
}

function newBranch<Item>(): Branch<Item> {
  return { children: null, items: null };
}

function anything(): boolean {
  return true;
}

/** Items by path, so that a change finds those at, above and below it without looking at any other. No item is a `Set`. */
export class PathIndex<Item extends object> {
  readonly #root: Branch<Item> = newBranch();
  #size = 0;

  /** How many pairs of path and item there are. */
  get size(): number {
    return this.#size;
  }

  /** The items of exactly `path`. */
  at(path: Path): Iterable<Item> {
    let branch: Branch<Item> | undefined = this.#root;
    for (const key of path) {
      branch = branch.children?.get(key);
      if (branch === undefined) return [];
    }
    const { items } = branch;
    if (items === null) return [];
    return items instanceof Set ? items : [items];
  }

  /** Adds the pair unless it is there. */
  add(path: Path, item: Item): void {
    let branch = this.#root;
    for (const key of path) {
      branch.children ??= new Map();
      let next = branch.children.get(key);
      if (next === undefined) {
        next = newBranch();
        branch.children.set(key, next);
      }
      branch = next;
    }
    if (addTo(branch, item)) this.#size += 1;
  }

  /** Removes the pair if it is there. */
  delete(path: Path, item: Item): void {
    const trail: Branch<Item>[] = [this.#root];
    for (const key of path) {
      const next = trail.at(-1)!.children?.get(key);
      if (next === undefined) return;
      trail.push(next);
    }
    if (!deleteFrom(trail.at(-1)!, item)) return;
    this.#size -= 1;
    this.#prune(path, trail);
  }

  #prune(path: Path, trail: Branch<Item>[]): void {
    for (let depth = path.length; depth > 0; depth -= 1) {
      const branch = trail[depth]!;
      if (branch.items !== null || branch.children !== null) return;
      const parent = trail[depth - 1]!;
      parent.children!.delete(path[depth - 1]!);
      if (parent.children!.size === 0) parent.children = null;
    }
  }

  /** Every item, once for each of its paths. */
  *all(): Generator<Item> {
    const pending = [this.#root];
    for (let branch = pending.pop(); branch !== undefined; branch = pending.pop()) {
      if (branch.items instanceof Set) yield* branch.items;
      else if (branch.items !== null) yield branch.items;
      if (branch.children !== null) pending.push(...branch.children.values());
    }
  }

  /** Adds the items at `path` and above it to `found`; those below it only if `may` says so. */
  collect(path: Path, found: Set<Item>, may: (item: Item) => boolean = anything): void {
    let branch: Branch<Item> | undefined = this.#root;
    if (branch.items !== null) collectItems(branch.items, found);
    for (const key of path) {
      branch = branch.children?.get(key);
      if (branch === undefined) return;
      if (branch.items !== null) collectItems(branch.items, found);
    }
    if (branch.children !== null) collectBelow(branch, found, may);
  }
}

function addTo<Item extends object>(branch: Branch<Item>, item: Item): boolean {
  const { items } = branch;
  if (items === null) {
    branch.items = item;
    return true;
  }
  if (items === item) return false;
  if (!(items instanceof Set)) {
    branch.items = new Set([items, item]);
    return true;
  }
  const before = items.size;
  return items.add(item).size > before;
}

function deleteFrom<Item extends object>(branch: Branch<Item>, item: Item): boolean {
  const { items } = branch;
  if (items instanceof Set) {
    if (!items.delete(item)) return false;
    if (items.size === 0) branch.items = null;
    return true;
  }
  if (items !== item) return false;
  branch.items = null;
  return true;
}

function collectItems<Item extends object>(items: Item | Set<Item>, found: Set<Item>): void {
  if (items instanceof Set) for (const item of items) found.add(item);
  else found.add(items);
}

function collectBelow<Item extends object>(top: Branch<Item>, found: Set<Item>, may: (item: Item) => boolean): void {
  const pending = [top];
  for (let branch = pending.pop(); branch !== undefined; branch = pending.pop()) {
    if (branch.children === null) continue;
    for (const child of branch.children.values()) {
      const { items } = child;
      if (items instanceof Set) {
        for (const item of items) if (!found.has(item) && may(item)) found.add(item);
      } else if (items !== null && !found.has(items) && may(items)) found.add(items);
      pending.push(child);
    }
  }
}
