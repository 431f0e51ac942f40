import { BacksideError } from '@backside/protocol';

/** What no key of the tree may hold, and the sign that stands for it. */
const ENCODED = /[.#$[\]/%\p{Cc}]/gu;

/**
 * Any text but the empty one as a key of the tree: what keys may not hold is percent-encoded, everything else stays readable.
 * Different texts have different keys. Throws `invalid-data` for the empty text.
 */
export function encodeKey(text: string): string {
  if (text === '') throw new BacksideError('invalid-data', 'an empty value cannot be part of a key');
  return text.replace(ENCODED, percent);
}

/** What `encodeKey` was given. A key that was not made by it comes back as it is, as far as it is no encoding. */
export function decodeKey(key: string): string {
  return key.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
