import { createHmac, randomBytes } from 'node:crypto';
import { hashSecret, sameHash } from './secret.js';

/**
 * `session.nonce.seal`: the nonce is drawn for each token, the seal is an HMAC of it under a key of the session. Only the hash
 * of the present token is kept. The seal tells an old token of this session, which was stolen or kept, from a guess, which proves
 * nothing and must not end anything; so no list of used tokens is needed.
 */
export interface RefreshToken {
  readonly session: string;
  readonly text: string;
}

const PART = /^[A-Za-z0-9_-]{16,64}$/;

/** A new session's own key for seals. */
export function createSealKey(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * A token of the session. With `repeat` the nonce is not drawn but made from it, under the session's key: the same each time, and
 * nobody without that key can compute it.
 */
export function createRefreshToken(session: string, sealKey: string, repeat?: string): string {
  const nonce = repeat === undefined ? randomBytes(32).toString('base64url') : hmac(sealKey, `successor ${repeat}`);
  return `${session}.${nonce}.${sealOf(nonce, sealKey)}`;
}

/** Null if it does not have the form of one. */
export function parseRefreshToken(text: string): RefreshToken | null {
  const parts = text.length > 200 ? [] : text.split('.');
  if (parts.length !== 3 || !parts.every((part) => PART.test(part))) return null;
  return { session: parts[0] as string, text };
}

/** Whether the session ever gave out this token. */
export function isGenuine({ text }: RefreshToken, sealKey: string): boolean {
  const [, nonce = '', seal = ''] = text.split('.');
  return sameHash(seal, sealOf(nonce, sealKey));
}

export function hashRefreshToken(text: string): string {
  return hashSecret(`refresh:${text}`);
}

function sealOf(nonce: string, sealKey: string): string {
  return hmac(sealKey, `seal ${nonce}`);
}

function hmac(key: string, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url');
}
