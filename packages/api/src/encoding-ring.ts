const FIRST_BYTES = 64 * 1024;

/**
 * A queue of encodings in one piece of memory that is used again and again. What is kept for a while and then dropped would otherwise be
 * collected last, and with memory outside of the heap that is late: as much as is kept would be garbage beside it.
 */
export class EncodingRing {
  readonly #maxBytes: number;
  readonly #firstBytes: number;
  /** Taken whole with the first encoding: the system gives each page when it is first written to. */
  #memory = new Uint8Array(0);
  /** How much of it is in use: as little as will do. */
  #size = 0;
  /** Where each begins, and its length; the oldest at `#first`. Numbers alone: objects that live for a while cost a collector. */
  #starts: number[] = [];
  #lengths: number[] = [];
  #first = 0;
  #bytes = 0;

  /**
   * @param maxBytes memory that is taken at most, unless a single encoding is larger
   * @param firstBytes of these are used at first; doubled whenever that is not enough
   */
  constructor(maxBytes: number, firstBytes: number = FIRST_BYTES) {
    this.#maxBytes = maxBytes;
    this.#firstBytes = firstBytes;
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
    while (this.length > 0 && length > this.#maxBytes) this.shift();
    let start = this.#roomFor(length);
    while (start === null) {
      if (this.length === 0 && !this.#hasMemoryFor(length)) this.#take(length);
      else if (this.length > 0 && this.#size >= this.#maxBytes) this.shift();
      else this.#grow(Math.min(this.#memory.length, Math.max(this.#firstBytes, length, 2 * this.#size)));
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
    const size = this.#size;
    if (this.length === 0) return this.#hasMemoryFor(length) && length <= size ? 0 : null;
    const oldest = this.#starts[this.#first]!;
    const newest = this.#starts.at(-1)!;
    const end = newest + this.#lengths.at(-1)!;
    if (newest < oldest) return end + length <= oldest ? end : null;
    if (end + length <= size) return end;
    return length <= oldest ? 0 : null;
  }

  /** Whether the memory is large enough, and no larger than it should be. */
  #hasMemoryFor(length: number): boolean {
    return length <= this.#memory.length && this.#memory.length <= Math.max(this.#maxBytes, length);
  }

  #take(length: number): void {
    this.#memory = new Uint8Array(Math.max(this.#maxBytes, length));
    this.#size = 0;
  }

  /** Uses so much of the memory. What lies behind the newest moves to the end, so that the free piece between them grows. */
  #grow(size: number): void {
    this.#forgetShifted();
    const by = size - this.#size;
    const oldest = this.#starts[0];
    if (oldest !== undefined && this.#starts.at(-1)! < oldest) {
      this.#memory.copyWithin(oldest + by, oldest, this.#size);
      for (let i = 0; this.#starts[i]! >= oldest; i += 1) this.#starts[i]! += by;
    }
    this.#size = size;
  }

  #view(place: number): Uint8Array {
    const start = this.#starts[place]!;
    return this.#memory.subarray(start, start + this.#lengths[place]!);
  }
}
