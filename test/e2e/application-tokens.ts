import { createHmac } from 'node:crypto';

const SECRET = 'a secret of the application that signs tokens';

/** For `BACKSIDE_CUSTOM_TOKEN_KEYS`. */
export const APPLICATION_KEYS: string = JSON.stringify([{ algorithm: 'HS256', key: SECRET }]);

/** A token that the application signs itself, good for ten minutes unless `payload` says otherwise. */
export function customToken(payload: Record<string, unknown>): string {
  const now = Math.floor(Date.now() / 1000);
  return signedBy(
    SECRET,
    `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ iat: now, exp: now + 600, ...payload })}`,
  );
}

/** The token whose first two parts these are, signed with HMAC-SHA-256. */
export function signedBy(secret: string, body: string): string {
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
}

/** A part of a token. */
export function encode(json: unknown): string {
  return Buffer.from(JSON.stringify(json)).toString('base64url');
}
