import { BacksideError } from '@backside/protocol';
import type { Claims } from './user.js';

const MAX_CLAIMS_BYTES = 4096;
const MAX_DEPTH = 16;

/** Names whose meaning is fixed by standards or by this server. */
const RESERVED: ReadonlySet<string> = new Set(
  (
    'acr amr at_hash aud auth_time azp c_hash cnf email email_verified exp firebase iat iss jti name nbf nonce provider scope ' +
    'session sid sub uid'
  ).split(' '),
);

/**
 * Claims as accounts keep them: the text of a JSON object, which unlike a tree has arrays, empty objects and any key; undefined
 * for none. Throws `invalid-data` for what is no plain JSON or bears a reserved name, `too-large` beyond 4,096 bytes.
 */
export function formatClaims(claims: unknown): string | undefined {
  if (!isPlainObject(claims)) throw new BacksideError('invalid-data', 'Claims are a JSON object');
  assertJson(claims, 0);
  const reserved = Object.keys(claims).find((name) => RESERVED.has(name));
  if (reserved !== undefined) throw new BacksideError('invalid-data', `The claim "${reserved}" is reserved`);
  const text = JSON.stringify(claims);
  if (Buffer.byteLength(text) > MAX_CLAIMS_BYTES) {
    throw new BacksideError('too-large', `Claims of more than ${MAX_CLAIMS_BYTES} bytes`);
  }
  return text === '{}' ? undefined : text;
}

/** Claims without reserved names, for those that come from elsewhere. Throws as `formatClaims`. */
export function withoutReserved(claims: Claims): Claims {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => !RESERVED.has(name)));
}

/** What `formatClaims` made. */
export function parseClaims(text: string | undefined): Claims {
  return text === undefined ? {} : (JSON.parse(text) as Claims);
}

function assertJson(value: unknown, depth: number): void {
  if (depth > MAX_DEPTH) throw new BacksideError('invalid-data', `Claims deeper than ${MAX_DEPTH} levels`);
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number' && Number.isFinite(value)) return;
  if (!Array.isArray(value) && !isPlainObject(value)) throw new BacksideError('invalid-data', 'Claims are plain JSON');
  for (const child of Object.values(value)) assertJson(child, depth + 1);
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
