const NOTHING = new Uint8Array(0);
const SMALLEST = 64;

/** Octets of a frame that came in several chunks. Grows by doubling, so it holds at most twice what was received. */
export class OctetBuffer {
  #octets: Uint8Array = NOTHING;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The octet at the end; undefined while empty. */
  last(): number | undefined {
    return this.#octets[this.#length - 1];
  }

  /** Copies `octets` to the end. */
  append(octets: Uint8Array): void {
    const length = this.#length + octets.length;
    if (length > this.#octets.length) {
      const grown = new Uint8Array(Math.max(length, this.#octets.length * 2, SMALLEST));
      grown.set(this.#octets.subarray(0, this.#length));
      this.#octets = grown;
    }
    this.#octets.set(octets, this.#length);
    this.#length = length;
  }

  /** All octets so far, as a view. */
  view(): Uint8Array {
    return this.#octets.subarray(0, this.#length);
  }
}
