import type { StoredIndex } from './meta.js';

/**
 * The indexes that concern the tree at some place and below. One is kept per place on the way down, so that a walk knows
 * at every map which indexes order its children.
 */
export class IndexLevel {
  /** Where no index is concerned, neither here nor below. */
  static readonly none: IndexLevel = new IndexLevel([], 0);

  /** The indexes that order the children of the map at this place. */
  readonly here: readonly StoredIndex[];
  readonly #below: readonly StoredIndex[];
  readonly #depth: number;
  /** The level of every child, where no pattern names one. */
  #anyChild: IndexLevel | undefined;

  private constructor(indexes: readonly StoredIndex[], depth: number) {
    this.here = indexes.filter(({ definition }) => definition.pattern.length === depth);
    this.#below = indexes.filter(({ definition }) => definition.pattern.length > depth);
    this.#depth = depth;
  }

  static root(indexes: readonly StoredIndex[]): IndexLevel {
    return indexes.length === 0 ? IndexLevel.none : new IndexLevel(indexes, 0);
  }

  child(key: string): IndexLevel {
    if (this.#below.length === 0) return IndexLevel.none;
    if (this.#anyChild) return this.#anyChild;
    const expected = this.#below.map(({ definition }) => definition.pattern[this.#depth]!);
    const matching = this.#below.filter((_, index) => expected[index] === key || expected[index]!.startsWith('$'));
    const level = matching.length === 0 ? IndexLevel.none : new IndexLevel(matching, this.#depth + 1);
    if (expected.every((name) => name.startsWith('$'))) this.#anyChild = level;
    return level;
  }
}
