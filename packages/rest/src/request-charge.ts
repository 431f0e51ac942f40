import type { IncomingMessage } from 'node:http';
import type { Quota } from '@backside/auth';
import { NOBODY, type Principal } from '@backside/protocol';

/** A request that is to be taken from a quota. */
export interface RequestCharge {
  readonly request: IncomingMessage;
  /** The name of the database that it is for. */
  readonly database: string;
  /** What is longer will be refused unread. */
  readonly maxBodyBytes: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Finds out who asks, and takes the request from their quota; if nobody is proven, their address pays alone. It is one operation with the
 * bytes of its line, its headers and the body that it announces; a body of unknown length is left to who reads it. Rejects with
 * what `identify` rejects with, or with `rate-limited`.
 */
export async function chargeWhoAsks(
  quota: Quota,
  { request, database, maxBodyBytes, now }: RequestCharge,
  identify: () => Promise<Principal>,
): Promise<Principal> {
  let principal: Principal = NOBODY;
  try {
    principal = await identify();
    return principal;
  } finally {
    quota.become(principal, database);
    quota.spend(headBytes(request) + Math.min(announcedBytes(request) ?? 0, maxBodyBytes), now());
  }
}

/** The length of the body as the request tells it; undefined for one that comes in chunks, or that is not there. */
export function announcedBytes({ headers }: IncomingMessage): number | undefined {
  const length = headers['content-length'];
  return length === undefined ? undefined : Number(length);
}

function headBytes({ url = '', rawHeaders }: IncomingMessage): number {
  return rawHeaders.reduce((bytes, text) => bytes + text.length, url.length);
}
