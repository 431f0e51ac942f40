import type { IncomingMessage } from 'node:http';
import type { ParsedUrlQuery } from 'node:querystring';
import type { Auth } from '@backside/auth';
import { BacksideError, expiryOf, NOBODY, type Principal } from '@backside/protocol';
import { bearerToken } from '../bearer.js';
import type { TreeCall } from './call.js';
import { textOf } from './parameters.js';

/**
 * The token of the `Authorization` header, else of `auth`, else of `access_token`; null without any. One that is empty is none, as of a
 * client that has nobody signed in. Throws `unauthenticated`.
 */
export function tokenOf(request: IncomingMessage, query: ParsedUrlQuery): string | null {
  return bearerToken(request) ?? (textOf(query, 'auth') || textOf(query, 'access_token') || null);
}

/** Who `token` proves. Rejects with `unauthenticated`, saying what is wrong as far as the token itself tells. */
export async function prove(auth: Auth, token: string, client: { address: string; now: number }): Promise<Principal> {
  try {
    return await auth.authenticate({ token, database: auth.database, remoteAddress: client.address });
  } catch (cause) {
    if (!(cause instanceof BacksideError) || cause.code !== 'unauthenticated') throw cause;
    throw new BacksideError('unauthenticated', complaint(token, client.now), { cause });
  }
}

/** Nothing is verified, and nothing is told that the sender does not know. */
function complaint(token: string, now: number): string {
  const expiry = claimedExpiry(token);
  if (expiry === null) return 'Could not parse auth token.';
  return complaintOf(expiry, now);
}

function complaintOf(expiry: number, now: number): string {
  return expiry <= now ? 'Auth token is expired' : 'Unauthorized request.';
}

/**
 * The call, made by whoever its sender is by now: a body may arrive for longer than the right to send it lasts. Throws
 * `unauthenticated` once what proved it holds no more, `permission-denied` once an admin who acts as somebody else is none any more.
 */
export function renewed(call: TreeCall): TreeCall {
  const credential = stillProven(call);
  if (call.principal === call.credential) return { ...call, credential, principal: credential };
  if (credential.kind !== 'admin') throw new BacksideError('permission-denied');
  return { ...call, credential };
}

function stillProven({ auth, credential, now }: TreeCall): Principal {
  try {
    return auth.current(credential);
  } catch (cause) {
    if (!(cause instanceof BacksideError) || cause.code !== 'unauthenticated') throw cause;
    const expiry = expiryOf(credential) ?? Number.POSITIVE_INFINITY;
    throw new BacksideError('unauthenticated', complaintOf(expiry, now()), { cause });
  }
}

/** Milliseconds since the epoch at which a JWT says that it ends, infinity if it does not say; null for what is no JWT. */
function claimedExpiry(token: string): number | null {
  const parts = token.split('.');
  if (parts.length !== 3) return null;
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString('utf8'));
    if (typeof claims !== 'object' || claims === null) return null;
    return 'exp' in claims && typeof claims.exp === 'number' ? claims.exp * 1_000 : Number.POSITIVE_INFINITY;
  } catch {
    return null; // Not JSON: then it is no JWT.
  }
}

/**
 * Whom an admin acts as by `auth_variable_override`: the JSON of what rules shall see as `auth`, null for nobody. Throws
 * `permission-denied` for others, `invalid-query` for what is no such value.
 */
export function overridden(principal: Principal, override: string | null): Principal {
  if (override === null) return principal;
  if (principal.kind !== 'admin') throw new BacksideError('permission-denied');
  const auth = parseOverride(override);
  if (auth === null) return NOBODY;
  const { uid, provider = 'custom', token = {} } = auth;
  if (typeof uid !== 'string' || typeof provider !== 'string' || typeof token !== 'object' || token === null) {
    throw new BacksideError('invalid-query', 'auth_variable_override must have a uid');
  }
  return { kind: 'user', uid, provider, claims: token as Readonly<Record<string, unknown>> };
}

function parseOverride(text: string): { uid?: unknown; provider?: unknown; token?: unknown } | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && !Array.isArray(value)) return value;
  } catch (cause) {
    throw new BacksideError('invalid-query', 'auth_variable_override must be JSON', { cause });
  }
  throw new BacksideError('invalid-query', 'auth_variable_override must be an object or null');
}
