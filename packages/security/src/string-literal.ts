import { ExpressionError } from './expression-error.js';

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['b', '\b'],
  ['f', '\f'],
  ['v', '\v'],
  ['0', '\0'],
]);
const HEX = /^[0-9a-fA-F]+$/;

/** The string whose opening quote is at `start`, and the offset behind its closing quote. Throws `ExpressionError`. */
export function decodeString(source: string, start: number): { readonly value: string; readonly end: number } {
  const quote = source[start];
  let value = '';
  let copied = start + 1;
  for (let at = copied; at < source.length; at++) {
    const character = source[at];
    if (character === quote) return { value: value + source.slice(copied, at), end: at + 1 };
    if (character === '\n' || character === '\r') break;
    if (character !== '\\') continue;
    const decoded = decodeEscape(source, at);
    value += source.slice(copied, at) + decoded.text;
    copied = decoded.end;
    at = copied - 1;
  }
  throw new ExpressionError('syntax', 'a string that does not end', {
    offset: start,
    hint: 'close the quote on the same line; a line end is written \\n',
  });
}

/** What the backslash at `at` and the characters behind it stand for. */
function decodeEscape(source: string, at: number): { readonly text: string; readonly end: number } {
  const character = source[at + 1];
  if (character === 'x') return decodeHex(source, at, 2);
  if (character === 'u') return decodeHex(source, at, 4);
  if (character === undefined || character === '\n' || character === '\r') return { text: '', end: at + 1 };
  return { text: ESCAPES.get(character) ?? character, end: at + 2 };
}

function decodeHex(source: string, at: number, digits: number): { readonly text: string; readonly end: number } {
  const end = at + 2 + digits;
  const hex = source.slice(at + 2, end);
  if (hex.length !== digits || !HEX.test(hex)) {
    throw new ExpressionError('syntax', `an escape \\${source[at + 1]} needs ${digits} hexadecimal digits`, {
      offset: at,
    });
  }
  return { text: String.fromCharCode(Number.parseInt(hex, 16)), end };
}
