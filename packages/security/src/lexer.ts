import { ExpressionError } from './expression-error.js';
import { decodeString } from './string-literal.js';

export type Token = NumberToken | StringToken | RegexToken | NameToken | Punctuation | EndToken;

interface Span {
  readonly start: number;
  readonly end: number;
}

interface NumberToken extends Span {
  readonly kind: 'number';
  readonly value: number;
}

interface StringToken extends Span {
  readonly kind: 'string';
  readonly value: string;
}

interface RegexToken extends Span {
  readonly kind: 'regex';
  readonly body: string;
  readonly flags: string;
}

/** Words are names too: `true`, `false` and `null` are told apart by the parser. */
interface NameToken extends Span {
  readonly kind: 'name';
  readonly text: string;
}

interface Punctuation extends Span {
  readonly kind: 'punctuation';
  readonly text: string;
}

interface EndToken extends Span {
  readonly kind: 'end';
}

const SPACE = /\s+/y;
const NAME = /[A-Za-z_$][A-Za-z0-9_$]*/y;
const NUMBER = /0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const LEADING_ZERO = /^0\d/;
const FLAGS = /[A-Za-z0-9_$]*/y;
/** The longest first, what the language refuses among them, so that `--1` is no two minuses. */
const PUNCTUATION =
  />>>=|===|!==|>>>|<<=|>>=|\*\*=|&&=|\|\|=|\?\?=|\.\.\.|\|\||&&|==|!=|<=|>=|\+\+|--|\*\*|\?\?|\?\.|=>|<<|>>|\+=|-=|\*=|\/=|%=|&=|\|=|\^=|[<>+\-*/%!?:.,()[\]=&|^~;{}]/y;
const LANGUAGE: ReadonlySet<string> = new Set([
  ...['||', '&&', '==', '===', '!=', '!==', '<', '<=', '>', '>=', '+', '-', '*', '/', '%', '!'],
  ...['?', ':', '.', ',', '(', ')', '[', ']'],
]);
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ['=', 'to compare, write =='],
  ['&', 'write &&'],
  ['|', 'write ||'],
  ['--', 'to subtract a negative number, put a space or parentheses between the two signs'],
  ['++', 'write + 1'],
  ['**', 'write the multiplication out'],
  ['??', 'write x != null ? x : y'],
  ['?.', 'write a plain dot: a property of null is null'],
  [';', 'a rule is one expression: join conditions with && or ||'],
]);

/** The tokens of an expression, an end token last. Linear in the text. Throws `ExpressionError`. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = skipSpace(source, 0);
  while (at < source.length) {
    const token = readToken(source, at, startsOperand(tokens[tokens.length - 1]));
    tokens.push(token);
    at = skipSpace(source, token.end);
  }
  tokens.push({ kind: 'end', start: source.length, end: source.length });
  return tokens;
}

/** Whether an operand may begin after `previous`, so that a slash opens a regular expression. */
function startsOperand(previous: Token | undefined): boolean {
  if (previous === undefined) return true;
  return previous.kind === 'punctuation' && previous.text !== ')' && previous.text !== ']';
}

function readToken(source: string, at: number, operand: boolean): Token {
  const character = source[at] as string;
  if (character === '"' || character === "'") return readString(source, at);
  const name = match(NAME, source, at);
  if (name !== '') return { kind: 'name', text: name, start: at, end: at + name.length };
  const number = match(NUMBER, source, at);
  if (number !== '') return readNumber(source, at, number);
  if (character === '/') refuseComment(source, at);
  return character === '/' && operand ? readRegex(source, at) : readPunctuation(source, at);
}

function readString(source: string, at: number): StringToken {
  const { value, end } = decodeString(source, at);
  return { kind: 'string', value, start: at, end };
}

function readNumber(source: string, at: number, text: string): NumberToken {
  const end = at + text.length;
  if (LEADING_ZERO.test(text)) {
    throw new ExpressionError('syntax', 'a number with a leading zero', {
      offset: at,
      hint: 'there are no octal numbers',
    });
  }
  if (match(NAME, source, end) !== '') {
    throw new ExpressionError('syntax', 'a number runs into a name', { offset: end });
  }
  return { kind: 'number', value: Number(text), start: at, end };
}

function refuseComment(source: string, at: number): void {
  const next = source[at + 1];
  if (next !== '/' && next !== '*') return;
  throw new ExpressionError('syntax', 'a comment inside an expression', {
    offset: at,
    hint: 'put comments between the entries of the file',
  });
}

/** A slash inside a set or after a backslash does not end it. What stands inside is checked elsewhere. */
function readRegex(source: string, at: number): RegexToken {
  let inSet = false;
  for (let i = at + 1; i < source.length; i++) {
    const character = source[i];
    if (character === '\n' || character === '\r') break;
    if (character === '\\') i++;
    else if (character === '[') inSet = true;
    else if (character === ']') inSet = false;
    else if (character === '/' && !inSet) {
      const flags = match(FLAGS, source, i + 1);
      return { kind: 'regex', body: source.slice(at + 1, i), flags, start: at, end: i + 1 + flags.length };
    }
  }
  throw new ExpressionError('syntax', 'a regular expression that does not end', { offset: at });
}

function readPunctuation(source: string, at: number): Punctuation {
  const text = match(PUNCTUATION, source, at);
  if (LANGUAGE.has(text)) return { kind: 'punctuation', text, start: at, end: at + text.length };
  const shown = text === '' ? JSON.stringify(String.fromCodePoint(source.codePointAt(at) as number)) : text;
  const hint = INSTEAD.get(text);
  throw new ExpressionError('syntax', `${shown} is not part of the language`, {
    offset: at,
    ...(hint !== undefined && { hint }),
  });
}

function skipSpace(source: string, at: number): number {
  return at + match(SPACE, source, at).length;
}

function match(pattern: RegExp, source: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0] ?? '';
}
