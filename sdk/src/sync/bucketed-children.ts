import type { PresentNode } from '@backside/tree';

/** Maps with fewer children are copied: that costs no more. */
const MIN_SIZE = 64;
/** Children of one bucket, about, when the buckets are made; they are made anew when there are four times as many. */
const PER_BUCKET = 8;

/** Keys at even places, each followed by its child. */
type Bucket = readonly (string | PresentNode)[];

/**
 * The children of a wide node, in buckets by a hash of their keys, so that one change copies one bucket and the list of buckets
 * and shares the rest: some hundred machine words for ten thousand children. Immutable.
 */
export class BucketedChildren implements ReadonlyMap<string, PresentNode> {
  readonly size: number;
  readonly #buckets: readonly Bucket[];

  private constructor(size: number, buckets: readonly Bucket[]) {
    this.size = size;
    this.#buckets = buckets;
  }

  /** The children with one of them replaced, or removed by null. */
  static replace(
    children: ReadonlyMap<string, PresentNode>,
    key: string,
    child: PresentNode | null,
  ): ReadonlyMap<string, PresentNode> {
    if (children.size < MIN_SIZE) return replaced(children, key, child);
    const fits = children instanceof BucketedChildren && children.size < children.#buckets.length * 4 * PER_BUCKET;
    return (fits ? children : BucketedChildren.#of(children)).#replace(key, child);
  }

  static #of(children: ReadonlyMap<string, PresentNode>): BucketedChildren {
    const count = 2 ** Math.ceil(Math.log2(children.size / PER_BUCKET));
    const buckets = Array.from({ length: count }, (): (string | PresentNode)[] => []);
    for (const [key, child] of children) buckets[placeOf(key, count)]?.push(key, child);
    return new BucketedChildren(children.size, buckets);
  }

  #replace(key: string, child: PresentNode | null): BucketedChildren {
    const place = placeOf(key, this.#buckets.length);
    const bucket = [...(this.#buckets[place] as Bucket)];
    const at = indexIn(bucket, key);
    const had = at < bucket.length;
    if (child !== null) {
      bucket[at] = key;
      bucket[at + 1] = child;
    } else if (had) bucket.splice(at, 2);
    const buckets = this.#buckets.slice();
    buckets[place] = bucket;
    return new BucketedChildren(this.size + (child === null ? 0 : 1) - (had ? 1 : 0), buckets);
  }

  get(key: string): PresentNode | undefined {
    const bucket = this.#buckets[placeOf(key, this.#buckets.length)] as Bucket;
    return bucket[indexIn(bucket, key) + 1] as PresentNode | undefined;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  *entries(): MapIterator<[string, PresentNode]> {
    for (const bucket of this.#buckets) {
      for (let at = 0; at < bucket.length; at += 2) yield [bucket[at] as string, bucket[at + 1] as PresentNode];
    }
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

/** Nobody can choose keys that fall together: where the hash begins is another one in each process. */
const SEED = Math.floor(Math.random() * 2 ** 32);

/** Which of `count` buckets, a power of two, a key belongs in. */
function placeOf(key: string, count: number): number {
  let hash = SEED;
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x5bd1e995);
    hash ^= hash >>> 15;
  }
  return hash & (count - 1);
}

/** Where the key stands; the end of the bucket if it does not. */
function indexIn(bucket: Bucket, key: string): number {
  let at = 0;
  while (at < bucket.length && bucket[at] !== key) at += 2;
  return at;
}

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
