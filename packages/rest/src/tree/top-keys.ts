const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const DOT = '.';

/** Finds the names of the members of one JSON object in its text, which is read past otherwise. Holds no more than one name. */
export class TopKeys {
  /** Whether it is the `export` form of a leaf. */
  isLeaf = false;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** The next string is the name of a member. */
  #nameNext = false;
  /** What of such a name was in the chunks before; null outside of names. */
  #name: Uint8Array[] | null = null;
  #begun = false;

  /** The names that end in this chunk, without those that begin with a dot. */
  read(chunk: Uint8Array): string[] {
    const found: string[] = [];
    if (!this.#begun) this.#begin(chunk);
    let nameFrom = 0;
    for (let at = 0; at < chunk.length && !this.isLeaf; at++) {
      const byte = chunk[at]!;
      if (this.#inString) {
        if (this.#endsString(byte)) this.#endName(chunk.subarray(nameFrom, at), found);
      } else if (byte === QUOTE) {
        this.#inString = true;
        if (this.#nameNext) this.#name = [];
        this.#nameNext = false;
        nameFrom = at + 1;
      } else this.#structure(byte);
    }
    this.#name?.push(chunk.slice(nameFrom));
    return found;
  }

  #begin(chunk: Uint8Array): void {
    this.#begun = true;
    this.isLeaf = chunk[0] !== OPEN_BRACE;
  }

  #endsString(byte: number): boolean {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) this.#inString = false;
    return !this.#inString;
  }

  #endName(rest: Uint8Array, found: string[]): void {
    if (this.#name === null) return;
    const key = JSON.parse(`"${Buffer.concat([...this.#name, rest]).toString('utf8')}"`) as string;
    this.#name = null;
    if (key === '.value') this.isLeaf = true;
    else if (!key.startsWith(DOT)) found.push(key);
  }

  #structure(byte: number): void {
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      this.#depth += 1;
      this.#nameNext = this.#depth === 1;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      this.#depth -= 1;
    } else if (byte === COMMA) {
      this.#nameNext = this.#depth === 1;
    }
  }
}
