import type { TextRun } from './rules-file-node.js';
import { UnreadableText } from './unreadable-text.js';

const SPACE = /[ \t\r\n]*/y;
const LINE_COMMENT = /\/\/[^\r\n]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
/** All but quotes, backslashes and control characters. */
const PLAIN_TEXT = /[ !#-[\]-\uffff]+/y;
const WORD = /[A-Za-z_$][A-Za-z0-9_$]*/y;
const HEX = /[0-9A-Fa-f]{4}/y;

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

/** Where what is neither space nor comment begins, from `at` on. */
export function skipSpace(source: string, at: number): number {
  let end = at + matchAt(SPACE, source, at).length;
  while (source[end] === '/') {
    end = skipComment(source, end);
    end += matchAt(SPACE, source, end).length;
  }
  return end;
}

function skipComment(source: string, at: number): number {
  if (source[at + 1] === '/') return at + matchAt(LINE_COMMENT, source, at).length;
  if (source[at + 1] !== '*') throw new UnreadableText('a lone /', at, { hint: 'comments begin with // or /*' });
  const end = source.indexOf('*/', at + 2);
  if (end === -1) throw new UnreadableText('a comment without an end', at, { hint: 'close it with */' });
  return end + 2;
}

/** The JSON number at `at`, as written; empty if there is none. */
export function scanNumber(source: string, at: number): string {
  return matchAt(NUMBER, source, at);
}

/** The identifier at `at`; empty if there is none. */
export function scanWord(source: string, at: number): string {
  return matchAt(WORD, source, at);
}

export interface ScannedString {
  readonly text: string;
  readonly runs: readonly TextRun[];
  /** The offset after the closing quote. */
  readonly end: number;
}

/** The string whose opening quote is at `at`. Line ends and tabs may stand in it unescaped. */
export function scanString(source: string, at: number): ScannedString {
  const pieces: string[] = [];
  let length = 0;
  let end = at + 1;
  const runs: TextRun[] = [{ decoded: 0, file: end }];
  while (source[end] !== '"') {
    const plain = matchAt(PLAIN_TEXT, source, end);
    const escaped = plain === '' && source[end] === '\\';
    const piece = plain || (escaped ? decodeEscape(source, end) : controlCharacter(source, { at: end, opening: at }));
    end += escaped ? (source[end + 1] === 'u' ? 6 : 2) : piece.length;
    length += piece.length;
    pieces.push(piece);
    if (escaped) runs.push({ decoded: length, file: end });
  }
  return { text: pieces.join(''), runs, end: end + 1 };
}

/** The one code unit that the escape at `at` stands for. */
function decodeEscape(source: string, at: number): string {
  const letter = source[at + 1] ?? '';
  if (letter === 'u') {
    const digits = matchAt(HEX, source, at + 2);
    if (digits === '') throw new UnreadableText('\\u takes four hexadecimal digits', at);
    return String.fromCharCode(Number.parseInt(digits, 16));
  }
  const decoded = ESCAPES.get(letter);
  if (decoded !== undefined) return decoded;
  throw new UnreadableText(`\\${letter} means nothing in a JSON string`, at, {
    hint: `a backslash that the expression should see is written twice: \\\\${letter}`,
  });
}

/** The line end or tab at `at`; throws for other control characters and for the end of the file. */
function controlCharacter(source: string, { at, opening }: { at: number; opening: number }): string {
  const character = source[at];
  if (character === '\n' || character === '\r' || character === '\t') return character;
  if (character === undefined)
    throw new UnreadableText('a string without an end', opening, { hint: 'close it with "' });
  const code = character.charCodeAt(0).toString(16).padStart(4, '0');
  throw new UnreadableText('a control character in a string', at, { hint: `write it as \\u${code}` });
}

function matchAt(pattern: RegExp, source: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0] ?? '';
}
