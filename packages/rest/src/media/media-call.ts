import type { Database } from '@backside/api';
import type { Media } from '@backside/media';
import { ADMIN, BacksideError, NOBODY, type Principal } from '@backside/protocol';
import { assertKey, type Path, parsePath } from '@backside/tree';
import type { Request } from 'express';
import { bearerOrQueryToken } from '../bearer.js';
import { clientAddress } from '../client-address.js';
import type { EndpointContext } from '../endpoint.js';

/** Finds the files of a database; null where none are kept. */
export type FindMedia = (database: Database) => Media | null;

/** A request for files, and who makes it. */
export interface MediaCall {
  readonly request: Request;
  readonly media: Media;
  readonly principal: Principal;
}

/** Throws `not-found` where no files are kept, `unauthenticated` for a token that does not hold. Without a token it is nobody who asks. */
export async function admitToMedia(
  request: Request,
  context: EndpointContext,
  findMedia: FindMedia,
): Promise<MediaCall> {
  const database = context.findDatabase(request);
  const media = findMedia(database);
  if (media === null) throw new BacksideError('not-found', 'no files are kept here');
  if (context.operator) return { request, media, principal: ADMIN };
  const token = bearerOrQueryToken(request);
  if (token === undefined) return { request, media, principal: NOBODY };
  const address = clientAddress(request);
  const auth = context.auth(database);
  return {
    request,
    media,
    principal: await auth.authenticate({ token, database: database.name, remoteAddress: address }),
  };
}

/** The path behind `/.media`. Throws `invalid-path`, also for a key with an encoded slash. */
export function mediaPath({ params }: Request): Path {
  const keys: unknown = params.path;
  if (!Array.isArray(keys)) throw new BacksideError('invalid-path', 'the root cannot be a file');
  for (const key of keys) assertKey(String(key));
  return parsePath(keys.join('/'));
}
