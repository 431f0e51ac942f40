import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Codes that replace the second factor, once each. */
export interface RecoveryCodes {
  /** `XXXX-XXXX-XXXX-XXXX`; shown to the user once and kept nowhere. */
  readonly codes: readonly string[];
  /** SHA-256 in hex, to be kept with the account. */
  readonly hashes: readonly string[];
}

const COUNT = 10;
/** Crockford's base 32: no I, L, O, U. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CHARS = 16;

/** Ten new codes of 80 random bits each: so many that a fast hash keeps them as well as a slow one would. */
export function createRecoveryCodes(): RecoveryCodes {
  const raw = Array.from({ length: COUNT }, randomCode);
  return { codes: raw.map((code) => code.replace(/(.{4})(?=.)/g, '$1-')), hashes: raw.map(hashOf) };
}

/**
 * The hashes that remain once this code is used, or null if it is none of them. The caller stores the rest conditionally on
 * the old list, so that one code cannot be used twice at once. Case, spaces and dashes do not matter, nor O for 0, I or L for 1.
 */
export function redeemRecoveryCode(code: string, hashes: readonly string[]): readonly string[] | null {
  const wanted = Buffer.from(hashOf(normalise(code)), 'hex');
  const rest = hashes.filter((hash) => !equal(wanted, Buffer.from(hash, 'hex')));
  return rest.length === hashes.length ? null : rest;
}

function randomCode(): string {
  return Array.from(randomBytes(CHARS), (byte) => ALPHABET.charAt(byte & 31)).join('');
}

function normalise(code: string): string {
  return code.slice(0, 100).toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
}

function hashOf(normal: string): string {
  return createHash('sha256').update(`recovery-code:${normal}`).digest('hex');
}

function equal(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
