const FIRST_BYTES = 64 * 1024;

interface Place {
  readonly start: number;
  readonly length: number;
}

/**
 * A queue of encodings in one piece of memory that is used again and again. What is kept for a while and then dropped would otherwise be
 * collected last, and with memory outside of the heap that is late: as much as is kept would be garbage beside it.
 */
export class EncodingRing {
  readonly #maxBytes: number;
  #memory = new Uint8Array(0);
  /** The oldest at `#first`. */
  #places: Place[] = [];
  #first = 0;
  #bytes = 0;

  /** @param maxBytes memory that is taken at most, unless a single encoding is larger */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#places.length - this.#first;
  }

  /** Octets of all that is held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A copy of what was put in as the `index`th of those that are held. */
  at(index: number): Uint8Array {
    return this.#view(this.#places[this.#first + index]!).slice();
  }

  /** Copies it in at the end; whatever there is no room for beside it is dropped, the oldest first. */
  push(encoding: Uint8Array): void {
    const { length } = encoding;
    let start = this.#roomFor(length);
    while (start === null) {
      if (this.length > 0 && this.#memory.length >= this.#maxBytes) this.shift();
      else this.#resize(Math.max(length, Math.min(this.#maxBytes, Math.max(FIRST_BYTES, 2 * this.#memory.length))));
      start = this.#roomFor(length);
    }
    this.#memory.set(encoding, start);
    this.#places.push({ start, length });
    this.#bytes += length;
  }

  /** Drops the oldest. */
  shift(): void {
    this.#bytes -= this.#places[this.#first]!.length;
    this.#first += 1;
    if (this.#first < 64 || 2 * this.#first < this.#places.length) return;
    this.#places = this.#places.slice(this.#first);
    this.#first = 0;
  }

  /** Where so many octets are free in one piece behind the newest; null if nowhere. */
  #roomFor(length: number): number | null {
    const size = this.#memory.length;
    if (this.length === 0) return length <= size && size <= Math.max(this.#maxBytes, length) ? 0 : null;
    const oldest = this.#places[this.#first]!.start;
    const newest = this.#places.at(-1)!;
    const end = newest.start + newest.length;
    if (newest.start < oldest) return end + length <= oldest ? end : null;
    if (end + length <= size) return end;
    return length <= oldest ? 0 : null;
  }

  #resize(size: number): void {
    const memory = new Uint8Array(size);
    let end = 0;
    this.#places = this.#places.slice(this.#first).map((place) => {
      memory.set(this.#view(place), end);
      end += place.length;
      return { start: end - place.length, length: place.length };
    });
    this.#first = 0;
    this.#memory = memory;
  }

  #view({ start, length }: Place): Uint8Array {
    return this.#memory.subarray(start, start + length);
  }
}
