import type { PresentNode } from '@backside/tree';

/** Maps with fewer children are copied: that costs no more. */
const MIN_SIZE = 64;

/**
 * The children of a wide node after some changes, without a copy of all of them: what has changed lies over what was there. Changes
 * are joined with what was there when there are about as many as the square root of all, so one more change costs about as
 * many steps as that. Immutable.
 */
export class LayeredChildren implements ReadonlyMap<string, PresentNode> {
  readonly size: number;
  readonly #below: ReadonlyMap<string, PresentNode>;
  /** Null for a child that is gone. */
  readonly #changed: ReadonlyMap<string, PresentNode | null>;

  private constructor(
    below: ReadonlyMap<string, PresentNode>,
    changed: ReadonlyMap<string, PresentNode | null>,
    size: number,
  ) {
    this.size = size;
    this.#below = below;
    this.#changed = changed;
  }

  /** The children with one of them replaced, or removed by null. */
  static replace(
    children: ReadonlyMap<string, PresentNode>,
    key: string,
    child: PresentNode | null,
  ): ReadonlyMap<string, PresentNode> {
    if (children.size < MIN_SIZE) return replaced(children, key, child);
    const layered = children instanceof LayeredChildren ? children : new LayeredChildren(children, NONE, children.size);
    return layered.#replace(key, child);
  }

  #replace(key: string, child: PresentNode | null): ReadonlyMap<string, PresentNode> {
    if (this.#changed.size ** 2 > this.size) return replaced(this, key, child);
    const size = this.size + (child === null ? 0 : 1) - (this.has(key) ? 1 : 0);
    return new LayeredChildren(this.#below, new Map(this.#changed).set(key, child), size);
  }

  get(key: string): PresentNode | undefined {
    const changed = this.#changed.get(key);
    return changed === undefined ? this.#below.get(key) : (changed ?? undefined);
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  *entries(): MapIterator<[string, PresentNode]> {
    for (const entry of this.#below) if (!this.#changed.has(entry[0])) yield entry;
    for (const [key, child] of this.#changed) if (child !== null) yield [key, child];
  }

  *keys(): MapIterator<string> {
    for (const [key] of this.entries()) yield key;
  }

  *values(): MapIterator<PresentNode> {
    for (const [, child] of this.entries()) yield child;
  }

  [Symbol.iterator](): MapIterator<[string, PresentNode]> {
    return this.entries();
  }

  forEach(action: (child: PresentNode, key: string, children: ReadonlyMap<string, PresentNode>) => void): void {
    for (const [key, child] of this.entries()) action(child, key, this);
  }
}

const NONE: ReadonlyMap<string, null> = new Map();

function replaced(
  children: ReadonlyMap<string, PresentNode>,
  key: string,
  child: PresentNode | null,
): Map<string, PresentNode> {
  const copy = new Map(children);
  if (child === null) copy.delete(key);
  else copy.set(key, child);
  return copy;
}
