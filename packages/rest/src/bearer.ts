import type { IncomingMessage } from 'node:http';
import { BacksideError } from '@backside/protocol';
import type { Request } from 'express';

const BEARER = /^bearer +([^\s,]+) *$/i;

/** The token of the `Authorization` header, undefined without one. Throws `unauthenticated` for any other scheme. */
export function bearerToken(request: Pick<IncomingMessage, 'headers'>): string | undefined {
  const header = request.headers.authorization;
  if (header === undefined) return undefined;
  const token = BEARER.exec(header)?.[1];
  if (token === undefined) throw new BacksideError('unauthenticated', 'expected "Authorization: Bearer TOKEN"');
  return token;
}

/** The same, or the token of `?auth=` or `?access_token=`, where tools made for Firebase send it. One that is empty is none. */
export function bearerOrQueryToken(request: Request): string | undefined {
  const token = bearerToken(request) ?? (request.query.auth || request.query.access_token || undefined);
  if (token === undefined || typeof token === 'string') return token;
  throw new BacksideError('unauthenticated', 'more than one token');
}
