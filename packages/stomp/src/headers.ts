/**
 * The headers of one frame, in the order of the wire, repetitions included. Of repeated headers the first counts. A
 * list and not an object: names such as `__proto__` are plain data. Look-up is linear, which for the dozen headers of a
 * frame is the fastest.
 */
export class Headers implements Iterable<readonly [string, string]> {
  /** Names at even, values at odd indices. */
  readonly #flat: readonly string[];

  constructor(flat: readonly string[]) {
    this.#flat = flat;
  }

  /** The headers with these names and values. */
  static of(entries: Iterable<readonly [string, string]>): Headers {
    return new Headers([...entries].flat());
  }

  /** How many header lines there are. */
  get size(): number {
    return this.#flat.length / 2;
  }

  /** The value of the first header of this name. Names are case sensitive. */
  get(name: string): string | undefined {
    const flat = this.#flat;
    for (let index = 0; index < flat.length; index += 2) {
      if (flat[index] === name) return flat[index + 1];
    }
    return undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Calls `visit` for all header lines in order, repetitions included. */
  forEach(visit: (name: string, value: string) => void): void {
    const flat = this.#flat;
    for (let index = 0; index < flat.length; index += 2) visit(flat[index]!, flat[index + 1]!);
  }

  /** All header lines in order, repetitions included. */
  *entries(): IterableIterator<readonly [string, string]> {
    const flat = this.#flat;
    for (let index = 0; index < flat.length; index += 2) yield [flat[index]!, flat[index + 1]!];
  }

  [Symbol.iterator](): IterableIterator<readonly [string, string]> {
    return this.entries();
  }
}
