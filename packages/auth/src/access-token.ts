import type { KeyObject } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { signInRefused } from './refusals.js';
import type { SigningKeys } from './signing-keys.js';
import { isValidUid } from './uid.js';

/** What an access token says: whose session it is. Role and claims are looked up when it is used. */
interface AccessToken {
  readonly uid: string;
  readonly session: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface AccessTokens {
  sign(token: AccessToken): Promise<string>;
  /** Rejects `unauthenticated` for anything that `sign`, on whatever node of this database, did not make, and for what has expired. */
  verify(text: string): Promise<AccessToken>;
}

/** The header's `typ` (RFC 9068), by which these tokens are told from all others. */
const TYPE = 'at+jwt';
const ALGORITHM = 'ES256';
const MAX_TOKEN_CHARS = 4096;

/** JWTs signed by this database's keys, good for this issuer and database only. */
export function createAccessTokens(options: {
  readonly keys: SigningKeys;
  readonly issuer: string;
  readonly database: string;
  readonly now: () => number;
}): AccessTokens {
  const { keys, issuer, database, now } = options;
  return {
    async sign({ uid, session, expiresAt }): Promise<string> {
      const { kid, privateKey } = keys.current();
      return new SignJWT({ sid: session })
        .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid })
        .setIssuer(issuer)
        .setAudience(database)
        .setSubject(uid)
        .setIssuedAt(Math.floor(now() / 1000))
        .setExpirationTime(Math.floor(expiresAt / 1000))
        .sign(privateKey);
    },
    async verify(text): Promise<AccessToken> {
      const key = await keyOf(text, keys);
      try {
        const { payload } = await jwtVerify(text, key, {
          algorithms: [ALGORITHM],
          typ: TYPE,
          issuer,
          audience: database,
          requiredClaims: ['exp', 'sub', 'sid'],
          currentDate: new Date(now()),
        });
        const { sub, sid, exp } = payload;
        if (!isValidUid(sub) || typeof sid !== 'string') throw new Error('malformed claims');
        return { uid: sub, session: sid, expiresAt: exp! * 1000 };
      } catch (cause) {
        throw signInRefused(cause);
      }
    },
  };
}

/** Whether the text calls itself an access token; nothing is verified. */
export function isAccessToken(text: string): boolean {
  return headerOf(text)?.typ === TYPE;
}

async function keyOf(text: string, keys: SigningKeys): Promise<KeyObject> {
  const kid = headerOf(text)?.kid;
  const key = typeof kid === 'string' ? await keys.find(kid) : null;
  if (key === null) throw signInRefused();
  return key.publicKey;
}

function headerOf(text: string): { readonly typ?: unknown; readonly kid?: unknown } | null {
  if (text.length > MAX_TOKEN_CHARS) return null;
  try {
    return decodeProtectedHeader(text);
  } catch {
    return null;
  }
}
