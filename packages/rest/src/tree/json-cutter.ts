import { BacksideError } from '@backside/protocol';
import { NOT_JSON } from './refusal.js';

/** Members of one object or array of the document; those of an array are named by their indexes. */
export interface Cut {
  /** Where the object is, below the document's root. */
  readonly keys: readonly string[];
  readonly members: ReadonlyMap<string, unknown>;
  /** Nothing of this object was handed out before. */
  readonly first: boolean;
  /** Nothing of this object will follow. */
  readonly last: boolean;
}

interface OpenContainer {
  readonly kind: 'object' | 'array';
  readonly keys: readonly string[];
  /** Whether any of it was handed out. */
  begun: boolean;
  /** Members that were handed out or are being read one level down. */
  count: number;
  /** The last of them was read one level down: a comma or the end has to follow. */
  afterInner: boolean;
  afterComma: boolean;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

export interface CutterOptions {
  /** A cut covers about this many bytes of the document. */
  readonly batchBytes: number;
  /** One member without members of its own may be this long. */
  readonly maxValueBytes: number;
}

/**
 * Cuts one JSON object or array, which comes in chunks, into pieces of about `batchBytes`; holds no more than one of them. An object that
 * is larger than that is cut by its members, one level down at a time. Throws `invalid-data` or `too-large`.
 */
export class JsonCutter {
  readonly #options: CutterOptions;
  readonly #stack: OpenContainer[] = [];
  #text: Buffer;
  #length = 0;
  /** Up to where the text was looked at. */
  #scanned = 0;
  /** Where the members begin that were not handed out. */
  #start = 0;
  /** The comma after the last complete one of them; -1 if none is complete. */
  #complete = -1;
  /** Where the member that is being looked at opens its own members. */
  #opens = -1;
  #depth = 0;
  /** Whether the member that is being looked at has had its colon. */
  #named = false;
  #inString = false;
  #escaped = false;
  #ended = false;
  #cuts: Cut[] = [];

  constructor(options: CutterOptions) {
    this.#options = options;
    this.#text = Buffer.allocUnsafe(2 * options.batchBytes);
  }

  /** What can be handed out now. */
  push(chunk: Uint8Array): Cut[] {
    this.#append(chunk);
    this.#scan();
    while (this.#length - this.#start >= this.#options.batchBytes && !this.#ended) {
      if (!this.#cut()) break;
      this.#scan();
    }
    this.#compact();
    return this.#take();
  }

  /** The document must be complete. */
  end(): void {
    if (!this.#ended) throw notJson();
  }

  #take(): Cut[] {
    const cuts = this.#cuts;
    this.#cuts = [];
    return cuts;
  }

  #append(chunk: Uint8Array): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#text.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#text.length));
      this.#text.copy(larger, 0, 0, this.#length);
      this.#text = larger;
    }
    this.#text.set(chunk, this.#length);
    this.#length = needed;
  }

  /** Moves what was not handed out to the front. */
  #compact(): void {
    const start = this.#start;
    this.#text.copyWithin(0, start, this.#length);
    this.#length -= start;
    this.#scanned -= start;
    this.#start = 0;
    if (this.#complete >= 0) this.#complete -= start;
    if (this.#opens >= 0) this.#opens -= start;
  }

  #scan(): void {
    for (let at = this.#scanned; at < this.#length; at++) {
      const byte = this.#text[at]!;
      if (this.#inString) this.#readString(byte);
      else if (byte === QUOTE) this.#inString = true;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#open(byte, at);
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) this.#close(byte, at);
      else if (byte === COMMA && this.#depth === 0) this.#comma(at);
      else if (byte === COLON && this.#depth === 0) this.#colon(at);
    }
    this.#scanned = this.#length;
    if (this.#ended || this.#stack.length === 0) this.#blank(this.#start, this.#length);
    if (this.#ended || this.#stack.length === 0) this.#start = this.#length;
  }

  #readString(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) this.#inString = false;
  }

  #open(byte: number, at: number): void {
    const container = this.#stack.at(-1);
    if (container !== undefined) {
      if (container.afterInner) throw notJson();
      if (this.#depth === 0) this.#opens = at;
      this.#depth += 1;
      return;
    }
    this.#blank(this.#start, at);
    if (this.#ended) throw notJson();
    this.#enter(byte, [], at);
  }

  #enter(byte: number, keys: readonly string[], at: number): void {
    const kind = byte === OPEN_BRACE ? 'object' : 'array';
    this.#stack.push({ kind, keys, begun: false, count: 0, afterInner: false, afterComma: false });
    this.#start = at + 1;
    this.#complete = -1;
    this.#opens = -1;
    this.#depth = 0;
    this.#named = false;
  }

  /** Takes the colon for a comma, so that `#members` can read names and values as one list. */
  #colon(at: number): void {
    const container = this.#stack.at(-1);
    if (container?.kind !== 'object' || container.afterInner) return;
    if (this.#named) throw notJson();
    this.#named = true;
    this.#text[at] = COMMA;
  }

  #comma(at: number): void {
    const container = this.#stack.at(-1);
    if (container === undefined) throw notJson();
    if (!container.afterInner) {
      if (container.kind === 'object' && !this.#named) throw notJson();
      this.#named = false;
      this.#complete = at;
      return;
    }
    this.#blank(this.#start, at);
    container.afterInner = false;
    container.afterComma = true;
    this.#named = false;
    this.#start = at + 1;
  }

  #close(byte: number, at: number): void {
    if (this.#depth > 0) {
      this.#depth -= 1;
      return;
    }
    const container = this.#stack.at(-1);
    if (container?.kind !== (byte === CLOSE_BRACE ? 'object' : 'array')) throw notJson();
    if (container.afterInner) this.#blank(this.#start, at);
    const members = container.afterInner ? NO_MEMBERS : this.#read(container, at, true);
    this.#handOut(container, members, true);
    this.#stack.pop();
    this.#start = at + 1;
    this.#complete = -1;
    const above = this.#stack.at(-1);
    if (above) above.afterInner = true;
    else this.#ended = true;
  }

  /** Hands out the complete members, or goes down into the one that is not. Returns whether there was anything to do. */
  #cut(): boolean {
    const container = this.#stack.at(-1);
    if (container === undefined) return false;
    if (this.#complete >= this.#start) {
      const comma = this.#complete;
      this.#handOut(container, this.#read(container, comma, false), false);
      container.afterComma = true;
      this.#start = comma + 1;
      this.#complete = -1;
      return true;
    }
    if (this.#depth > 0) {
      this.#descend(container);
      return true;
    }
    if (this.#length - this.#start > this.#options.maxValueBytes) throw new BacksideError('too-large');
    return false;
  }

  #descend(container: OpenContainer): void {
    const opens = this.#opens;
    const lead = this.#text.toString('utf8', this.#start, opens);
    const key = container.kind === 'array' ? String(container.count) : memberName(lead);
    if (container.kind === 'array') this.#blank(this.#start, opens);
    if (this.#stack.length > MAX_LEVELS) throw new BacksideError('too-large', `deeper than ${MAX_LEVELS} keys`);
    if (!container.begun) this.#handOut(container, NO_MEMBERS, false);
    container.count += 1;
    container.afterComma = false;
    this.#enter(this.#text[opens]!, [...container.keys, key], opens);
    this.#inString = false;
    this.#escaped = false;
    this.#scanned = this.#start;
  }

  /** The members from the start up to `end`, where a comma or the end of the container is. */
  #read(container: OpenContainer, end: number, closing: boolean): ReadonlyMap<string, unknown> {
    const text = decode(this.#text.subarray(this.#start, end));
    const empty = /^[ \t\r\n]*$/.test(text);
    if (empty && (!closing || container.afterComma)) throw notJson();
    return this.#members(container, parse(`[${text}]`) as unknown[]);
  }

  /**
   * The members of an object are read as a list of names and values: an object of names that never come again would leave each of
   * them, and a shape for each, in the memory of the engine.
   */
  #members(container: OpenContainer, list: readonly unknown[]): ReadonlyMap<string, unknown> {
    const members = new Map<string, unknown>();
    if (container.kind === 'array') {
      for (const value of list) members.set(String(container.count++), value);
      return members;
    }
    if (list.length % 2 !== 0) throw notJson();
    for (let i = 0; i < list.length; i += 2) {
      const name = list[i];
      if (typeof name !== 'string') throw notJson();
      members.set(name, list[i + 1]);
    }
    return members;
  }

  #handOut(container: OpenContainer, members: ReadonlyMap<string, unknown>, last: boolean): void {
    this.#cuts.push({ keys: container.keys, members, first: !container.begun, last });
    container.begun = true;
  }

  #blank(from: number, to: number): void {
    for (let at = from; at < to; at++) {
      const byte = this.#text[at]!;
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) throw notJson();
    }
  }
}

const NO_MEMBERS: ReadonlyMap<string, unknown> = new Map();

/** More than any tree takes. */
const MAX_LEVELS = 100;

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string {
  try {
    return UTF_8.decode(bytes);
  } catch (cause) {
    throw notJson(cause);
  }
}

/** The name in `"name" ,`, which was followed by a colon. */
function memberName(lead: string): string {
  const [name, ...rest] = parse(`[${lead}null]`) as unknown[];
  if (typeof name !== 'string' || rest.length !== 1) throw notJson();
  return name;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw notJson(cause);
  }
}

function notJson(cause?: unknown): BacksideError {
  return new BacksideError('invalid-data', NOT_JSON, { cause });
}
