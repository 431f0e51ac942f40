import type { KeyObject } from 'node:crypto';
import { BacksideError } from '@backside/protocol';
import { decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose';
import { formatClaims, parseClaims, withoutReserved } from './claims.js';
import { type CustomTokenAlgorithm, importCustomTokenKey } from './custom-token-key.js';
import { isValidUid } from './uid.js';
import type { Claims } from './user.js';

/** One key by which the application signs tokens for its users. */
export interface CustomTokenKey {
  /** Named by the token's header; a token that names a key is checked with keys of that name and with keys without one. */
  readonly kid?: string;
  /** The only algorithm that this key ever verifies, whatever a token's header says. */
  readonly algorithm: CustomTokenAlgorithm;
  /** HS256: the secret, at least 32 bytes of UTF-8. Otherwise the public key, as PEM or as JWK text. */
  readonly key: string;
  /** If set, the token's `iss` must be this. */
  readonly issuer?: string;
  /** If set, the token's `aud` must name this. */
  readonly audience?: string;
}

export interface CustomTokenOptions {
  /** How far ahead `exp` may lie, of now and of `iat`. Default one hour. */
  readonly maxLifetimeMs?: number;
  /** By how much the application's clock may be ahead in `nbf` and `iat`. Default 30 seconds; `exp` has no leeway. */
  readonly leewayMs?: number;
}

/** What a custom token says, verified. */
export interface CustomIdentity {
  readonly uid: string;
  /** The token's `claims` object without names that the standards or this server give a meaning, `email` and `name` among them. */
  readonly claims: Claims;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface CustomTokenVerifier {
  /** Rejects `unauthenticated` for anything but a valid token; the reason is the error's `cause`, not its text. */
  verify(token: string): Promise<CustomIdentity>;
}

/** Throws `invalid-data`, without the key, for one that does not fit its algorithm. */
export function assertCustomTokenKey({ algorithm, key }: CustomTokenKey): void {
  importCustomTokenKey(algorithm, key);
}

interface ImportedKey extends CustomTokenKey {
  readonly material: KeyObject;
}

interface Limits {
  readonly maxLifetimeMs: number;
  readonly leewayMs: number;
}

const MAX_LIFETIME_MS = 3_600_000;
const LEEWAY_MS = 30_000;
/** So long after it was made a token may still hold, whichever way the application's clock is wrong. */
export const LONGEST_HOLD_MS: number = MAX_LIFETIME_MS + LEEWAY_MS;
/** Longer texts are refused before anything is decoded. */
const MAX_TOKEN_CHARS = 16_384;

/**
 * Verifies tokens that the application signed itself: a JWT with `uid` (or else `sub`), `exp`, and optionally `claims`.
 * Keys come from the configuration only; `jwk`, `jku`, `x5c` and `x5u` of a token's header are never looked at. Throws
 * `invalid-data` at once for a key that does not fit its algorithm.
 */
export function createCustomTokenVerifier(
  keys: readonly CustomTokenKey[],
  now: () => number,
  options: CustomTokenOptions = {},
): CustomTokenVerifier {
  const imported = keys.map((key): ImportedKey => ({ ...key, material: importCustomTokenKey(key.algorithm, key.key) }));
  const limits: Limits = {
    maxLifetimeMs: options.maxLifetimeMs ?? MAX_LIFETIME_MS,
    leewayMs: options.leewayMs ?? LEEWAY_MS,
  };
  return {
    async verify(token): Promise<CustomIdentity> {
      try {
        const time = now();
        return identityOf(await verifySignature(token, imported, limits, time), limits, time);
      } catch (cause) {
        throw new BacksideError('unauthenticated', undefined, { cause });
      }
    },
  };
}

async function verifySignature(
  token: string,
  keys: readonly ImportedKey[],
  limits: Limits,
  time: number,
): Promise<JWTPayload> {
  if (token.length > MAX_TOKEN_CHARS) throw new Error('token too long');
  const { alg, kid } = decodeProtectedHeader(token);
  let reason: unknown = new Error('no key for this token');
  for (const key of keys) {
    if (key.algorithm !== alg || (kid !== undefined && key.kid !== undefined && key.kid !== kid)) continue;
    try {
      return await verifyWith(token, key, limits, time);
    } catch (error) {
      reason = error;
    }
  }
  throw reason;
}

async function verifyWith(token: string, key: ImportedKey, limits: Limits, time: number): Promise<JWTPayload> {
  const { payload } = await jwtVerify(token, key.material, {
    algorithms: [key.algorithm],
    requiredClaims: ['exp'],
    clockTolerance: limits.leewayMs / 1000,
    currentDate: new Date(time),
    ...(key.issuer === undefined ? {} : { issuer: key.issuer }),
    ...(key.audience === undefined ? {} : { audience: key.audience }),
  });
  return payload;
}

function identityOf(payload: JWTPayload, limits: Limits, time: number): CustomIdentity {
  const expiresAt = checkedExpiry(payload, limits, time);
  const uid = payload.uid ?? payload.sub;
  if (typeof uid !== 'string' || !isValidUid(uid)) throw new Error('uid missing or malformed');
  return { uid, claims: checkedClaims(payload.claims ?? {}), expiresAt };
}

function checkedExpiry(payload: JWTPayload, limits: Limits, time: number): number {
  const expiresAt = payload.exp! * 1000;
  if (expiresAt <= time) throw new Error('token expired');
  if (expiresAt > time + limits.maxLifetimeMs + limits.leewayMs) throw new Error('token lives too long');
  if (payload.iat !== undefined) {
    if (payload.iat * 1000 > time + limits.leewayMs) throw new Error('token issued in the future');
    if (expiresAt - payload.iat * 1000 > limits.maxLifetimeMs) throw new Error('token lives too long');
  }
  return expiresAt;
}

/** Without the names that a rule must be able to trust to come from elsewhere; else as any claims, on a session or not. */
function checkedClaims(claims: unknown): Claims {
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims))
    throw new Error('claims are not an object');
  return parseClaims(formatClaims(withoutReserved(claims as Claims)));
}
