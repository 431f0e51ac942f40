/** Bytes that a chunk has room for at most; it is given out when it is nearly full. */
const CHUNK_BYTES = 64 * 1024;
/** What the first one has room for. Most texts are short, and each further chunk has twice the room. */
const FIRST_CHUNK_BYTES = 2 * 1024;

/** Below this many bytes a loop copies faster than a call. */
const SHORT = 48;

const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/** Gathers JSON text in UTF-8, in chunks of up to 64 KiB. */
export class JsonChunks {
  #chunk: Buffer = Buffer.allocUnsafe(FIRST_CHUNK_BYTES);
  #position = 0;
  #full: Uint8Array[] = [];

  /** Whether chunks are ready to be taken. */
  get isFull(): boolean {
    return this.#full.length > 0;
  }

  /** The chunks that are full, and forgets them. */
  take(): Uint8Array[] {
    const full = this.#full;
    this.#full = [];
    return full;
  }

  /** Makes what is left a full chunk. Nothing may be written afterwards. */
  end(): void {
    if (this.#position > 0) this.#full.push(this.#chunk.subarray(0, this.#position));
  }

  /** Writes `lead`, one ASCII character or none, then the key as the name of a member. */
  name(lead: number, key: string): void {
    const longest = key.length + 4;
    if (longest > this.#room) this.#flush();
    if (longest > this.#room) {
      this.#escapedName(lead, key);
      return;
    }
    const chunk = this.#chunk;
    let position = this.#position;
    chunk[position++] = lead;
    chunk[position++] = QUOTE;
    for (let index = 0; index < key.length; index++) {
      const unit = key.charCodeAt(index);
      if (unit >= 0x80 || unit === QUOTE || unit === BACKSLASH) {
        this.#escapedName(lead, key);
        return;
      }
      chunk[position++] = unit;
    }
    chunk[position++] = QUOTE;
    chunk[position++] = COLON;
    this.#position = position;
  }

  text(text: string): void {
    if (text.length * 3 > this.#room) {
      this.bytes(Buffer.from(text, 'utf8'), 0);
      return;
    }
    this.#position += this.#chunk.write(text, this.#position, 'utf8');
  }

  /** Copies `source` from `start` up to `end`. */
  bytes(source: Uint8Array, start: number, end: number = source.length): void {
    let from = start;
    while (end - from > this.#room) {
      const part = this.#room;
      this.#copy(source, from, from + part);
      from += part;
      this.#flush();
    }
    this.#copy(source, from, end);
  }

  #copy(source: Uint8Array, start: number, end: number): void {
    const chunk = this.#chunk;
    const to = this.#position;
    if (end - start < SHORT) for (let index = start; index < end; index++) chunk[to + index - start] = source[index]!;
    else chunk.set(new Uint8Array(source.buffer, source.byteOffset + start, end - start), to);
    this.#position = to + end - start;
  }

  #escapedName(lead: number, key: string): void {
    this.text(`${String.fromCharCode(lead)}${JSON.stringify(key)}:`);
  }

  get #room(): number {
    return this.#chunk.length - this.#position;
  }

  #flush(): void {
    this.end();
    this.#chunk = Buffer.allocUnsafeSlow(Math.min(this.#chunk.length * 2, CHUNK_BYTES));
    this.#position = 0;
  }
}
