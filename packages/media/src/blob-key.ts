import { BacksideError } from '@backside/protocol';

const MAX_KEY_LENGTH = 800;
const MAX_PART_LENGTH = 200;
const PART = /^[A-Za-z0-9_~%=+,!-][A-Za-z0-9._~%=+,!-]*$/;

/**
 * Throws `invalid-path` unless every store can keep a blob under this key: parts of at most 200 characters, none of which begins
 * with a dot, joined by `/`; letters and digits of ASCII and `. _ ~ % = + , ! -`; at most 800 characters in all.
 */
export function assertBlobKey(key: string): void {
  const isValid =
    key.length <= MAX_KEY_LENGTH && key.split('/').every((part) => part.length <= MAX_PART_LENGTH && PART.test(part));
  if (!isValid) throw new BacksideError('invalid-path', 'no blob may have this key');
}

/** Any proper Unicode text as one part of a key; different texts stay different. Texts of more than 60 bytes may become too long. */
export function blobKeyPart(text: string): string {
  const encoded = encodeURIComponent(text)
    .replace(/[*'()]/g, percentEncode)
    .replace(/^\./, '%2E');
  return encoded === '' ? '%' : encoded;
}

function percentEncode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
