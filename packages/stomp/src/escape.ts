import { StompError } from './stomp-error.js';
import type { Version } from './version.js';

const CHARACTERS: ReadonlyMap<string, string> = new Map([
  ['\\n', '\n'],
  ['\\r', '\r'],
  ['\\c', ':'],
  ['\\\\', '\\'],
]);
const ESCAPES: ReadonlyMap<string, string> = new Map(
  Array.from(CHARACTERS, ([sequence, character]) => [character, sequence]),
);

/**
 * A header name or value as meant, from what stands on the wire. One pass, so that `\\n` is a backslash and an n. An
 * escape that the version does not define throws `invalid-frame`; 1.0 has none at all.
 */
export function unescapeHeader(text: string, version: Version): string {
  if (version === '1.0' || !text.includes('\\')) return text;
  return text.replace(/\\.?/gs, (sequence) => {
    const character = CHARACTERS.get(sequence);
    if (character !== undefined && (character !== '\r' || version === '1.2')) return character;
    throw new StompError('invalid-frame', 'undefined escape in a header');
  });
}

/** Everything but these is written as it is, in every version: printable ASCII without colon and backslash. */
const SPECIAL = /[^ -9;-[\]-~]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * A header name or value as it stands on the wire. Throws `invalid-header` if the version cannot carry it: a NUL or a
 * lone surrogate nowhere, a carriage return only in 1.2, a line feed only in 1.1 and 1.2, a colon in a name not in 1.0.
 * `raw` is for CONNECT, STOMP and CONNECTED, which are never escaped.
 */
export function escapeHeader(text: string, version: Version, place: 'name' | 'value', raw = false): string {
  if (text === '' && place === 'name') throw new StompError('invalid-header', 'a header without a name');
  if (!SPECIAL.test(text)) return text;
  if (text.includes('\0') || LONE_SURROGATE.test(text)) throw unwritable();
  if (raw || version === '1.0') return assertPlain(text, place);
  if (version === '1.1' && text.includes('\r')) throw unwritable();
  return text.replace(/[\\\n\r:]/g, (character) => ESCAPES.get(character)!);
}

function assertPlain(text: string, place: 'name' | 'value'): string {
  if (/[\r\n]/.test(text) || (place === 'name' && text.includes(':'))) throw unwritable();
  return text;
}

function unwritable(): StompError {
  return new StompError('invalid-header', 'a header that this version cannot carry');
}
