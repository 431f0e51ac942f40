const FIRST_BYTES = 64 * 1024;

/**
 * A queue of encodings in one piece of memory that is used again and again. What is kept for a while and then dropped would otherwise be
 * collected last, and with memory outside of the heap that is late: as much as is kept would be garbage beside it.
 */
export class EncodingRing {
  readonly #maxBytes: number;
  #memory = new Uint8Array(0);
  /** Where each begins, and its length; the oldest at `#first`. Numbers alone: objects that live for a while cost a collector. */
  #starts: number[] = [];
  #lengths: number[] = [];
  #first = 0;
  #bytes = 0;

  /** @param maxBytes memory that is taken at most, unless a single encoding is larger */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#starts.length - this.#first;
  }

  /** Octets of all that is held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A copy of what was put in as the `index`th of those that are held. */
  at(index: number): Uint8Array {
    return this.#view(this.#first + index).slice();
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
    this.#starts.push(start);
    this.#lengths.push(length);
    this.#bytes += length;
  }

  /** Drops the oldest. */
  shift(): void {
    this.#bytes -= this.#lengths[this.#first]!;
    this.#first += 1;
    if (this.#first >= 64 && 2 * this.#first >= this.#starts.length) this.#forgetShifted();
  }

  #forgetShifted(): void {
    this.#starts = this.#starts.slice(this.#first);
    this.#lengths = this.#lengths.slice(this.#first);
    this.#first = 0;
  }

  /** Where so many octets are free in one piece behind the newest; null if nowhere. */
  #roomFor(length: number): number | null {
    const size = this.#memory.length;
    if (this.length === 0) return length <= size && size <= Math.max(this.#maxBytes, length) ? 0 : null;
    const oldest = this.#starts[this.#first]!;
    const newest = this.#starts.at(-1)!;
    const end = newest + this.#lengths.at(-1)!;
    if (newest < oldest) return end + length <= oldest ? end : null;
    if (end + length <= size) return end;
    return length <= oldest ? 0 : null;
  }

  #resize(size: number): void {
    const memory = new Uint8Array(size);
    this.#forgetShifted();
    let end = 0;
    for (const [index, length] of this.#lengths.entries()) {
      memory.set(this.#view(index), end);
      this.#starts[index] = end;
      end += length;
    }
    this.#memory = memory;
  }

  #view(place: number): Uint8Array {
    const start = this.#starts[place]!;
    return this.#memory.subarray(start, start + this.#lengths[place]!);
  }
}
