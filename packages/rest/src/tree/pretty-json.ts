const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

const INDENT = 2;
const COLON_AND_BLANK = Buffer.from(': ');

/**
 * The same JSON for people: a line per value, indented. It must come without blanks between its tokens and without empty maps, as trees
 * are encoded. Holds one chunk at a time.
 */
export function* prettyJson(chunks: Iterable<Uint8Array>): Generator<Uint8Array, undefined> {
  const printer = new Printer();
  for (const chunk of chunks) yield printer.print(chunk);
}

class Printer {
  #depth = 0;
  #inString = false;
  #escaped = false;

  print(chunk: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = [];
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (this.#inString) {
        this.#readString(byte);
        continue;
      }
      const between = this.#after(byte);
      if (between === null) continue;
      const before = byte === CLOSE_BRACE || byte === CLOSE_BRACKET;
      parts.push(chunk.subarray(from, before ? at : byte === COLON ? at : at + 1), between);
      from = before ? at : at + 1;
    }
    parts.push(chunk.subarray(from));
    return Buffer.concat(parts);
  }

  #readString(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) this.#inString = false;
  }

  /** What stands after an opening bracket or a comma, before a closing bracket, and in place of a colon. */
  #after(byte: number): Uint8Array | null {
    switch (byte) {
      case QUOTE:
        this.#inString = true;
        return null;
      case COLON:
        return COLON_AND_BLANK;
      case COMMA:
        return lineOf(this.#depth);
      case OPEN_BRACE:
      case OPEN_BRACKET:
        this.#depth += 1;
        return lineOf(this.#depth);
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        this.#depth -= 1;
        return lineOf(this.#depth);
      default:
        return null;
    }
  }
}

const LINES: Uint8Array[] = [];

/** A line end and the indentation of the next line. */
function lineOf(depth: number): Uint8Array {
  LINES[depth] ??= Buffer.from(`\n${' '.repeat(depth * INDENT)}`);
  return LINES[depth];
}
