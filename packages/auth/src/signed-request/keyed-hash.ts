import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** The secrets of an account that go into keys. */
export interface SigningSecrets {
  readonly secret: string;
  /** Revokes access tokens when it changes. */
  readonly tokenSecret: string;
  /** A second factor of version 4; empty if there is none. */
  readonly authSecret: string;
}

/** The base64 HMAC of a signed text: SHA-1 for version 1, SHA-256 for the others. */
export function signatureOf(version: number, text: string, secrets: SigningSecrets): string {
  const algorithm = version === 1 ? 'sha1' : 'sha256';
  return createHmac(algorithm, keyOf(version, secrets)).update(text).digest('base64');
}

/** Whether both are the same text, in a time that does not tell where they differ. */
export function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** Base64 of the SHA-1 of a body, as signatures bear it. */
export function checksumOf(body: string | Uint8Array): string {
  return createHash('sha1').update(body).digest('base64');
}

/** What clients that scramble secrets use in place of what the user typed. */
export function scrambleSecret(login: string, secret: string): string {
  return createHmac('sha256', secret).update(login).digest('base64');
}

function keyOf(version: number, { secret, tokenSecret, authSecret }: SigningSecrets): string {
  if (version === 3) return `${secret}:${tokenSecret}`;
  return version === 4 && authSecret !== '' ? `${secret}:${authSecret}` : secret;
}
