import { LineIndex, type Position } from './line-index.js';
import { RulesError, type RulesProblem } from './problem.js';
import {
  type RulesFileArray,
  type RulesFileEntry,
  type RulesFileNode,
  type RulesFileObject,
  RulesFileString,
} from './rules-file-node.js';
import { scanNumber, scanString, scanWord, skipSpace } from './rules-file-scan.js';
import { UnreadableText } from './unreadable-text.js';

/** In UTF-16 code units; longer files are refused unread. */
export const MAX_FILE_LENGTH = 1_048_576;

/** How deep objects and arrays may lie in one another. */
export const MAX_FILE_DEPTH = 200;

type FileProblemCode = 'syntax' | 'duplicate-key' | 'too-deep';

const BYTE_ORDER_MARK = '\ufeff';
const WORDS: ReadonlyMap<string, boolean | null> = new Map([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/**
 * Reads JSON with comments and with raw line ends in strings. It knows nothing of rules: what keys and values may be is the
 * caller's to check. Linear in the text. Throws `RulesError` with the codes `syntax`, `duplicate-key`, `too-large` and `too-deep`;
 * reading ends at the first problem that is no duplicate key.
 */
export function parseRulesFile(source: string): RulesFileNode {
  if (source.length > MAX_FILE_LENGTH) throw tooLarge(source.length);
  return new Parser(source).parse();
}

class Parser {
  readonly #source: string;
  readonly #lines: LineIndex;
  readonly #keys: string[] = [];
  readonly #problems: RulesProblem[] = [];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
    this.#lines = new LineIndex(source);
    if (source.startsWith(BYTE_ORDER_MARK)) this.#at = 1;
  }

  parse(): RulesFileNode {
    try {
      const node = this.#document();
      if (this.#problems.length === 0) return node;
    } catch (error) {
      if (!(error instanceof UnreadableText)) throw error;
      this.#report(error.code, error.message, { offset: error.offset, hint: error.hint });
    }
    throw new RulesError(this.#problems);
  }

  #document(): RulesFileNode {
    this.#skip();
    if (this.#at === this.#source.length) {
      throw new UnreadableText('the file is empty', this.#at, { hint: 'write { "rules": {} }' });
    }
    const node = this.#value();
    this.#skip();
    if (this.#at < this.#source.length) throw new UnreadableText('text after the end of the rules', this.#at);
    return node;
  }

  #value(): RulesFileNode {
    const next = this.#source[this.#at];
    if (next === '{') return this.#nested(() => this.#object());
    if (next === '[') return this.#nested(() => this.#array());
    return next === '"' ? this.#string() : this.#scalar();
  }

  #nested<Result>(read: () => Result): Result {
    if (this.#depth === MAX_FILE_DEPTH) {
      throw new UnreadableText(`nested deeper than ${MAX_FILE_DEPTH} levels`, this.#at, { code: 'too-deep' });
    }
    this.#depth++;
    const result = read();
    this.#depth--;
    return result;
  }

  #object(): RulesFileObject {
    const position = this.#here();
    const entries: RulesFileEntry[] = [];
    const seen = new Map<string, Position>();
    for (const key of this.#items('}', () => this.#key())) {
      this.#keys.push(key.text);
      this.#noteDuplicate(key, seen);
      entries.push({ key, value: this.#value() });
      this.#keys.pop();
    }
    return { kind: 'object', position, entries };
  }

  #array(): RulesFileArray {
    const position = this.#here();
    return { kind: 'array', position, items: [...this.#items(']', () => this.#value())] };
  }

  /** What `first` reads of each item, up to the closing bracket; the caller reads the rest of the item between two steps. */
  *#items<Item>(close: '}' | ']', first: () => Item): Generator<Item> {
    const opening = this.#at++;
    this.#skip();
    while (this.#source[this.#at] !== close) {
      this.#refuseEnd({ opening, close });
      yield first();
      this.#skip();
      if (this.#source[this.#at] === close) break;
      this.#refuseEnd({ opening, close });
      this.#comma(close);
    }
    this.#at++;
  }

  #refuseEnd({ opening, close }: { opening: number; close: string }): void {
    if (this.#at < this.#source.length) return;
    throw new UnreadableText(`the file ends before a closing ${close}`, opening);
  }

  #comma(close: string): void {
    if (this.#source[this.#at] !== ',') {
      throw new UnreadableText(`a comma or ${close} is missing before this`, this.#at);
    }
    const comma = this.#at++;
    this.#skip();
    if (this.#source[this.#at] === close) {
      throw new UnreadableText('a comma after the last item', comma, { hint: 'remove the comma' });
    }
  }

  #key(): RulesFileString {
    if (this.#source[this.#at] !== '"') {
      const word = scanWord(this.#source, this.#at);
      throw new UnreadableText('a key in double quotes must stand here', this.#at, {
        ...(word !== '' && { hint: `write "${word}"` }),
      });
    }
    const key = this.#string();
    this.#skip();
    if (this.#source[this.#at] !== ':') throw new UnreadableText('a colon must follow the key', this.#at);
    this.#at++;
    this.#skip();
    return key;
  }

  #string(): RulesFileString {
    const position = this.#here();
    const { text, runs, end } = scanString(this.#source, this.#at);
    this.#at = end;
    return new RulesFileString(text, runs, { position, lines: this.#lines });
  }

  #scalar(): RulesFileNode {
    const position = this.#here();
    const number = scanNumber(this.#source, this.#at);
    const text = number || scanWord(this.#source, this.#at);
    const value = number === '' ? WORDS.get(text) : Number(number);
    if (value === undefined) throw noValue(this.#source, { at: this.#at, word: text });
    this.#at += text.length;
    return { kind: 'scalar', position, value };
  }

  #noteDuplicate(key: RulesFileString, seen: Map<string, Position>): void {
    const first = seen.get(key.text);
    if (first === undefined) {
      seen.set(key.text, key.position);
      return;
    }
    this.#report('duplicate-key', `the key ${JSON.stringify(key.text)} stands twice in one object`, {
      offset: key.position.offset,
      hint: `it stands on line ${first.line} already: merge the two or remove one`,
    });
  }

  #report(code: FileProblemCode, message: string, place: { offset: number; hint: string | null }): void {
    const { line, column } = this.#lines.positionOf(place.offset);
    const rulePath = `/${this.#keys.slice(1).join('/')}`;
    this.#problems.push({ severity: 'error', code, message, rulePath, line, column, offset: null, hint: place.hint });
  }

  #here(): Position {
    return this.#lines.positionOf(this.#at);
  }

  #skip(): void {
    this.#at = skipSpace(this.#source, this.#at);
  }
}

function noValue(source: string, { at, word }: { at: number; word: string }): UnreadableText {
  if (at === source.length) return new UnreadableText('the file ends where a value must stand', at);
  if (source[at] === "'") return new UnreadableText('a string in single quotes', at, { hint: 'use double quotes' });
  const hint = word === '' ? {} : { hint: `an expression stands in double quotes: "${word}…"` };
  return new UnreadableText('a value must stand here', at, hint);
}

function tooLarge(length: number): RulesError {
  const message = `the file has ${length} characters, more than ${MAX_FILE_LENGTH}`;
  const place = { rulePath: '/', line: 1, column: 1, offset: null, hint: null };
  return new RulesError([{ severity: 'error', code: 'too-large', message, ...place }]);
}
