import { randomUUID } from 'node:crypto';
import { LegacyError, required } from '../http/legacy-error.js';

/** Prefixes and types. */
export const IDENTIFIER: RegExp = /^[A-Za-z0-9._:-]{1,128}$/;
const ACCOUNT_TYPE = /^[0-9a-z]$/;

/** The prefix of an account's own pictures. */
export const ACCOUNT_PREFIX = 'account';
/** The prefix under which pictures of messages are kept; no icon can have it. */
export const MESSAGE_PREFIX = 'message';
/** The type of the icon that a request means that names none. */
export const DEFAULT_TYPE = '0';

/** What an icon is known by. */
export interface IconName {
  /** The account. */
  readonly id: string;
  /** A namespace. */
  readonly prefix: string;
  readonly type: string;
}

/** Throws 400 for what is no prefix of icons. */
export function requirePrefix(text: string): string {
  if (text === '') throw required('prefix');
  if (!IDENTIFIER.test(text) || text === MESSAGE_PREFIX) throw new LegacyError(400, 'invalid prefix');
  return text;
}

/** The type that a request names, by default `0`. Throws 400 for what is none in this prefix. */
export function typeIn(prefix: string, text: string): string {
  const type = text === '' ? DEFAULT_TYPE : text;
  const isValid = prefix === ACCOUNT_PREFIX ? ACCOUNT_TYPE.test(type) : IDENTIFIER.test(type);
  if (!isValid) throw new LegacyError(400, 'invalid type');
  return type;
}

/** A type in which `@uuid@`, `@now@` and `@filename@` stand for a new id, the time, and the name of the uploaded file. */
export function filledType(
  text: string,
  { now, filename }: { readonly now: number; readonly filename: string },
): string {
  return text
    .replaceAll('@uuid@', () => randomUUID().replaceAll('-', ''))
    .replaceAll('@now@', String(now))
    .replaceAll('@filename@', () => filename.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 64));
}
