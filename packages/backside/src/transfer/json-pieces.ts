import { Tokenizer, TokenType } from '@streamparser/json';
import { JsonDocumentError } from './json-document-error.js';
import { JsonSplitter } from './json-splitter.js';
import type { JsonValue, Piece } from './piece.js';

export interface JsonPiecesOptions {
  /** A batch covers about this much of the document's text. */
  readonly batchBytes: number;
  /** One string or number may be this long. */
  readonly maxTokenBytes: number;
  /** Levels of keys that the document may have. */
  readonly maxDepth: number;
}

export interface Batch {
  readonly pieces: readonly Piece[];
  /** How many bytes of the document are covered by this batch and those before it. */
  readonly offset: number;
}

/**
 * Reads one JSON document of any length and yields it in batches; memory is bounded by `batchBytes` and one token.
 * Written one after the other onto nothing, the batches make the document. Throws `JsonDocumentError`.
 */
export async function* readJsonPieces(
  source: AsyncIterable<Uint8Array>,
  options: JsonPiecesOptions,
): AsyncGenerator<Batch> {
  const reader = new PieceReader(options);
  for await (const chunk of source) {
    reader.write(chunk);
    yield* reader.take();
  }
  reader.end();
  yield* reader.take();
}

/** Says where a text that `JSON.parse` refuses ceases to be a document of the tree. Throws `JsonDocumentError`. */
export function assertJsonDocument(text: string): void {
  const bytes = Buffer.from(text);
  const limit = Math.max(bytes.length, 1);
  const reader = new PieceReader({ batchBytes: limit, maxTokenBytes: limit, maxDepth: limit });
  reader.write(bytes);
  reader.end();
}

type Expected = 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'colon' | 'comma-or-end' | 'nothing';

/** Checks the grammar above the tokens, which the tokenizer leaves to its user. */
class PieceReader {
  readonly #options: JsonPiecesOptions;
  readonly #splitter: JsonSplitter;
  readonly #tokenizer = new Tokenizer();
  readonly #containers: { readonly kind: 'object' | 'array'; readonly offset: number }[] = [];
  #batches: Batch[] = [];
  #expected: Expected = 'value';
  #key: string | null = null;
  #cutAt = 0;
  #lastToken = 0;
  /** Of the chunk at hand: itself, the bytes and line ends before it, and where the line began that it continues. */
  #chunk: Uint8Array = new Uint8Array();
  #before = { bytes: 0, lines: 0, lineStart: 0 };

  constructor(options: JsonPiecesOptions) {
    this.#options = options;
    this.#splitter = new JsonSplitter(options.maxDepth);
    this.#tokenizer.onToken = ({ token, value, offset }) => this.#token(token, value, offset);
    this.#tokenizer.onError = (error) => this.#failToken(error);
  }

  write(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#tokenizer.write(chunk);
    this.#advance();
    if (this.#before.bytes - this.#lastToken > this.#options.maxTokenBytes) {
      this.#fail(`a value of more than ${this.#options.maxTokenBytes} bytes`, this.#lastToken);
    }
  }

  end(): void {
    this.#chunk = new Uint8Array();
    if (!this.#tokenizer.isEnded) this.#tokenizer.end();
    if (this.#expected !== 'nothing') this.#fail('the document ends too early', this.#before.bytes);
  }

  take(): Batch[] {
    const batches = this.#batches;
    this.#batches = [];
    return batches;
  }

  #token(token: TokenType, value: JsonValue, offset: number): void {
    this.#lastToken = offset;
    if (token === TokenType.COLON) this.#separator('colon', 'value', offset);
    else if (token === TokenType.COMMA) {
      this.#separator('comma-or-end', this.#containers.at(-1)?.kind === 'object' ? 'key' : 'value', offset);
    } else if (token === TokenType.STRING && this.#expected.startsWith('key')) this.#readKey(String(value), offset);
    else if (token === TokenType.LEFT_BRACE) this.#open('object', offset);
    else if (token === TokenType.LEFT_BRACKET) this.#open('array', offset);
    else if (token === TokenType.RIGHT_BRACE) this.#close('object', 'key-or-end', offset);
    else if (token === TokenType.RIGHT_BRACKET) this.#close('array', 'value-or-end', offset);
    else {
      this.#expectValue(offset);
      this.#splitter.add(this.#key, value);
      this.#completed(offset);
    }
  }

  #separator(expected: Expected, next: Expected, offset: number): void {
    if (this.#expected !== expected) this.#unexpected(offset);
    this.#expected = next;
  }

  #readKey(key: string, offset: number): void {
    const refusal = this.#splitter.refusal(key);
    if (refusal !== null) this.#fail(refusal, offset);
    this.#key = key;
    this.#expected = 'colon';
  }

  #open(kind: 'object' | 'array', offset: number): void {
    this.#expectValue(offset);
    const refusal = this.#splitter.open(kind, this.#key);
    if (refusal !== null) this.#fail(refusal, offset);
    this.#containers.push({ kind, offset });
    this.#expected = kind === 'object' ? 'key-or-end' : 'value-or-end';
    this.#key = null;
  }

  #close(kind: 'object' | 'array', whileEmpty: Expected, offset: number): void {
    const allowed = this.#expected === 'comma-or-end' || this.#expected === whileEmpty;
    if (this.#containers.at(-1)?.kind !== kind || !allowed) this.#unexpected(offset);
    this.#containers.pop();
    const refusal = this.#splitter.close();
    if (refusal !== null) this.#fail(refusal, offset);
    this.#completed(offset);
  }

  #expectValue(offset: number): void {
    if (!this.#expected.startsWith('value')) this.#unexpected(offset);
  }

  #completed(offset: number): void {
    this.#key = null;
    this.#expected = this.#containers.length === 0 ? 'nothing' : 'comma-or-end';
    if (!this.#mustCut(offset)) return;
    this.#cutAt = offset;
    const pieces = this.#splitter.cut();
    if (pieces.length > 0) this.#batches.push({ pieces, offset: offset + 1 });
  }

  /** A container that began since the last cut may be completed first, unless it is long. */
  #mustCut(offset: number): boolean {
    const innermost = this.#containers.at(-1);
    if (innermost === undefined || this.#splitter.cutDue) return true;
    const { batchBytes } = this.#options;
    const bytes = offset - this.#cutAt;
    return bytes >= 2 * batchBytes || (bytes >= batchBytes && innermost.offset <= this.#cutAt);
  }

  #advance(): void {
    const { bytes, lines, lineStart } = this.#before;
    const { count, last } = lineEnds(this.#chunk, this.#chunk.length);
    const start = count > 0 ? bytes + last + 1 : lineStart;
    this.#before = { bytes: bytes + this.#chunk.length, lines: lines + count, lineStart: start };
    this.#chunk = new Uint8Array();
  }

  #unexpected(offset: number): never {
    this.#fail(
      this.#expected === 'nothing' ? 'something follows the document' : `${WANTED[this.#expected]} expected`,
      offset,
    );
  }

  #failToken(error: Error): never {
    if (error instanceof JsonDocumentError) throw error;
    const position = /^(Unexpected ".*") at .*absolute position "(\d+)"/s.exec(error.message);
    if (position) this.#fail(`unexpected ${position[1]!.slice(11)}`, Number(position[2]));
    this.#fail('the document ends too early', this.#before.bytes + this.#chunk.length);
  }

  #fail(problem: string, offset: number): never {
    const { bytes, lines, lineStart } = this.#before;
    const { count, last } = lineEnds(this.#chunk, Math.max(0, offset - bytes));
    const start = count > 0 ? bytes + last + 1 : lineStart;
    throw new JsonDocumentError(problem, { offset, line: lines + count + 1, column: Math.max(1, offset - start + 1) });
  }
}

const WANTED: Readonly<Record<Exclude<Expected, 'nothing'>, string>> = {
  value: 'a value',
  'value-or-end': 'a value or "]"',
  key: 'a key',
  'key-or-end': 'a key or "}"',
  colon: '":"',
  'comma-or-end': '"," or the end of what is open',
};

/** How many line ends the first `length` bytes hold, and where the last one is. */
function lineEnds(chunk: Uint8Array, length: number): { count: number; last: number } {
  let count = 0;
  let last = -1;
  for (let at = chunk.indexOf(0x0a); at >= 0 && at < length; at = chunk.indexOf(0x0a, at + 1)) {
    count += 1;
    last = at;
  }
  return { count, last };
}
