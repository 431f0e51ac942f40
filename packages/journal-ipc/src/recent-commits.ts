/** Encoded bytes that are kept by default. */
const MAX_BYTES = 4 * 1024 * 1024;

/** The newest durable commits, encoded: what a worker misses is mostly among them. */
export class RecentCommits {
  readonly #maxBytes: number;
  /** Those before `#start` are given up. */
  #encodings: Uint8Array[] = [];
  #start = 0;
  #bytes = 0;
  /** The revision of the last one. */
  #head = 0;

  constructor(maxBytes: number = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Adds the commits `base` + 1 and on; if they do not continue the last ones, those are forgotten. */
  add(base: number, encodings: readonly Uint8Array[]): void {
    if (base !== this.#head) this.#forget();
    this.#head = base + encodings.length;
    for (const one of encodings) {
      this.#encodings.push(one);
      this.#bytes += one.length;
    }
    while (this.#bytes > this.#maxBytes) this.#dropFirst();
    this.#compact();
  }

  /** Forgets the commits below `revision`. */
  dropBefore(revision: number): void {
    while (this.#start < this.#encodings.length && this.#first < revision) this.#dropFirst();
    this.#compact();
  }

  /** The commits `after` + 1 to `head`; null unless all of them are here and there are any. */
  between(after: number, head: number): readonly Uint8Array[] | null {
    if (after >= head || head > this.#head || after + 1 < this.#first) return null;
    const offset = this.#encodings.length - this.#head;
    return this.#encodings.slice(after + offset, head + offset);
  }

  get #first(): number {
    return this.#head - this.#encodings.length + this.#start + 1;
  }

  #dropFirst(): void {
    this.#bytes -= this.#encodings[this.#start++]!.length;
  }

  /** Now and then only, so that dropping one costs nothing. */
  #compact(): void {
    if (this.#start <= this.#encodings.length / 2) return;
    this.#encodings.splice(0, this.#start);
    this.#start = 0;
  }

  #forget(): void {
    this.#encodings = [];
    this.#start = 0;
    this.#bytes = 0;
  }
}
