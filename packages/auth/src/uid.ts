import { randomBytes } from 'node:crypto';

const UID = /^[A-Za-z0-9_.:@-]{1,128}$/;

/** Whether `uid` may name an account: 1 to 128 letters, digits and `_ . : @ -` of ASCII. Names of roles have other shapes. */
export function isValidUid(uid: unknown): uid is string {
  return typeof uid === 'string' && UID.test(uid);
}

/** An uid nobody can guess: 20 letters, digits, `-` and `_`. */
export function createUid(): string {
  return randomBytes(15).toString('base64url');
}

/** The uid as a key of the tree, where `.` is not allowed; no uid holds `~`, so that no two become one. */
export function uidKey(uid: string): string {
  return uid.replaceAll('.', '~');
}

/** What `uidKey` was made from. */
export function uidOfKey(key: string): string {
  return key.replaceAll('~', '.');
}
