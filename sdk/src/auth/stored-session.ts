import type { Json } from '@backside/tree';
import type { AuthUser } from './user.js';

/** A session as the server answers with it; of what it says, the part that matters here. */
export interface SessionReply {
  readonly user: AuthUser;
  readonly accessToken: string;
  /** Milliseconds since 1970 by the server's clock. */
  readonly accessExpiresAt: number;
  readonly refreshToken: string;
}

/** A session as it is kept. */
export interface StoredSession {
  readonly user: AuthUser;
  readonly accessToken: string;
  /** When the access token was got, and when it ends: milliseconds since 1970 by the clock of this device. */
  readonly since: number;
  readonly until: number;
  /** Good for one use. */
  readonly refreshToken: string;
  /** The secret of a refresh whose answer never came, so that it can be repeated. */
  readonly attempt?: string;
}

/** The part of its life before its end in which a token is renewed, and the longest that may be. The server warns later than that. */
const RENEWAL_SHARE = 0.3;
const MAX_RENEWAL_MS = 120_000;

export function sessionOf(reply: SessionReply, now: number): StoredSession {
  const { user, accessToken, refreshToken } = reply;
  return { user, accessToken, refreshToken, since: now, until: now + lifetimeOf(reply, now) };
}

/** When the session's access token should be renewed, by the clock of this device. */
export function renewalTime({ since, until }: StoredSession): number {
  return until - Math.min(MAX_RENEWAL_MS, (until - since) * RENEWAL_SHARE);
}

/** How long a new access token holds. Taken from the token itself, for the clock of this device may be wrong. */
function lifetimeOf({ accessToken, accessExpiresAt }: SessionReply, now: number): number {
  const issuedAt = issueTimeOf(accessToken);
  return Math.max(0, accessExpiresAt - (issuedAt === null ? now : issuedAt * 1000));
}

/** The `iat` of a JWT, in seconds; null if it cannot be read. */
function issueTimeOf(token: string): number | null {
  const payload = token.split('.')[1]?.replace(/-/g, '+').replace(/_/g, '/');
  if (payload === undefined) return null;
  try {
    const { iat } = JSON.parse(atob(payload)) as { iat?: unknown };
    return typeof iat === 'number' ? iat : null;
  } catch {
    return null;
  }
}

export function formatSession(session: StoredSession): string {
  return JSON.stringify(session);
}

/** Null for what is not a session that this version has stored. */
export function parseSession(text: string | null): StoredSession | null {
  if (text === null) return null;
  let json: Json;
  try {
    json = JSON.parse(text) as Json;
  } catch {
    return null;
  }
  const { user, accessToken, refreshToken, since, until } = Object(json) as Record<string, unknown>;
  const isSession =
    typeof (user as { uid?: unknown } | null)?.uid === 'string' &&
    typeof accessToken === 'string' &&
    typeof refreshToken === 'string' &&
    typeof since === 'number' &&
    typeof until === 'number';
  return isSession ? (json as unknown as StoredSession) : null;
}
