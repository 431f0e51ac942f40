import { type JWTHeaderParameters, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';

/** Who the issuer says it is. */
export interface OidcIdentity {
  /** The issuer that vouches for it; `sub` means something only together with it. */
  readonly issuer: string;
  /** Never reassigned by the issuer; the key of a linked account. 1 to 255 characters, any. */
  readonly sub: string;
  readonly email: string | null;
  /** Whether the issuer says that the address is the user's. Only then may accounts be linked by it. */
  readonly emailVerified: boolean;
  readonly name: string | null;
  /** Of the ID token, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What a token is held against; all of it from the configuration. */
export interface Expected {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly keys: JWTVerifyGetKey;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** If given, the token must carry exactly this nonce. */
  readonly nonce: string | null;
}

const MAX_TOKEN_CHARS = 16_384;
const LEEWAY_SECONDS = 30;

/** Signatures by which only the issuer can have signed: no shared secret, so no public key that passes for one, and no `none`. */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

/** The identity of a valid ID token (OpenID Connect Core 3.1.3.7); throws an error for the log otherwise. */
export async function verifyIdTokenClaims(token: string, expected: Expected): Promise<OidcIdentity> {
  if (token.length > MAX_TOKEN_CHARS) throw new Error('ID token too long');
  const { payload, protectedHeader } = await jwtVerify(token, expected.keys, {
    algorithms: ALGORITHMS,
    issuer: expected.issuer,
    audience: [...expected.audiences],
    requiredClaims: ['sub', 'exp', 'iat'],
    clockTolerance: LEEWAY_SECONDS,
    currentDate: new Date(expected.now),
  });
  assertIdToken(protectedHeader, payload);
  assertTimes(payload, expected.now);
  assertAuthorizedParty(payload, expected.audiences);
  if (expected.nonce !== null && payload.nonce !== expected.nonce) throw new Error('nonce does not match');
  return identityOf(payload, expected.issuer);
}

/** Issuers sign other things with the same keys: access tokens, logout tokens. */
function assertIdToken(header: JWTHeaderParameters, payload: JWTPayload): void {
  if (header.typ !== undefined && header.typ.toUpperCase() !== 'JWT') throw new Error('not an ID token by its type');
  if (payload.events !== undefined) throw new Error('a logout token, not an ID token');
}

/** Leeway is for tokens that come from the future; the end is the end. */
function assertTimes(payload: JWTPayload, now: number): void {
  if (payload.exp! * 1000 <= now) throw new Error('ID token expired');
  if (payload.iat! * 1000 > now + LEEWAY_SECONDS * 1000) throw new Error('ID token issued in the future');
}

/** Of several audiences, the one that the token was issued to must be this client. */
function assertAuthorizedParty(payload: JWTPayload, audiences: readonly string[]): void {
  if (!Array.isArray(payload.aud) || payload.aud.length < 2) return;
  const party = payload.azp;
  if (typeof party !== 'string' || !audiences.includes(party)) throw new Error('ID token issued to another client');
}

function identityOf(payload: JWTPayload, issuer: string): OidcIdentity {
  const { sub } = payload;
  if (typeof sub !== 'string' || sub.length === 0 || sub.length > 255) throw new Error('sub missing or malformed');
  const email = shortText(payload.email, 254);
  const verified = payload.email_verified;
  return {
    issuer,
    sub,
    email,
    emailVerified: email !== null && (verified === true || verified === 'true'),
    name: shortText(payload.name, 200),
    expiresAt: payload.exp! * 1000,
  };
}

function shortText(value: unknown, maxChars: number): string | null {
  return typeof value === 'string' && value.length > 0 && value.length <= maxChars ? value : null;
}
