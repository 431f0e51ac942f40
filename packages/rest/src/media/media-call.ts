import type { Database } from '@backside/api';
import type { Media, Uploader } from '@backside/media';
import { BacksideError, type Principal } from '@backside/protocol';
import { assertKey, type Path, parsePath } from '@backside/tree';
import type { Request } from 'express';
import { bearerOrQueryToken } from '../bearer.js';
import { type EndpointContext, identify } from '../endpoint.js';

/** Finds the files of a database; null where none are kept. */
export type FindMedia = (database: Database) => Media | null;

/** A request for files, and who makes it. */
export interface MediaCall extends Uploader {
  readonly request: Request;
  readonly media: Media;
  /** Who was admitted. */
  readonly principal: Principal;
}

/**
 * Throws `not-found` where no files are kept, `unauthenticated` for a token that does not hold, `rate-limited`. Without a token it is nobody
 * who asks. The request is taken from their quota, and nothing for the file in it: that has a limit of its own.
 */
export async function admitToMedia(
  request: Request,
  context: EndpointContext,
  findMedia: FindMedia,
): Promise<MediaCall> {
  const database = context.findDatabase(request);
  const media = findMedia(database);
  if (media === null) throw new BacksideError('not-found', 'no files are kept here');
  const auth = context.auth(database);
  const principal = await identify({ request, auth, findToken: bearerOrQueryToken, maxBodyBytes: 0 }, context);
  return { request, media, principal, current: () => auth.current(principal) };
}

/** The path behind `/.media`. Throws `invalid-path`, also for a key with an encoded slash. */
export function mediaPath({ params }: Request): Path {
  const keys: unknown = params.path;
  if (!Array.isArray(keys)) throw new BacksideError('invalid-path', 'the root cannot be a file');
  for (const key of keys) assertKey(String(key));
  return parsePath(keys.join('/'));
}
