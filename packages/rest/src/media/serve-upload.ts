import type { UploadCondition } from '@backside/media';
import { BacksideError } from '@backside/protocol';
import type { Request, Response } from 'express';
import { ignoreBody } from '../tree/body.js';
import { parseEtags } from './conditional.js';
import { type MediaCall, mediaPath } from './media-call.js';
import { textOf, transformOf } from './transform-query.js';

/** What tools call a body of which nobody said the type. */
const UNSAID = 'application/x-www-form-urlencoded';

/** Takes a file from the body of the request; answers with its node. */
export async function serveUpload(call: MediaCall, response: Response): Promise<void> {
  const { request, media, principal } = call;
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new BacksideError('invalid-data', 'the body must not be compressed');
  }
  const type = request.headers['content-type'];
  const length = request.headers['content-length'];
  const uploading = media.upload({
    principal,
    uploader: call,
    path: mediaPath(request),
    source: bodyOf(request),
    name: textOf(request.query, 'name'),
    type: type?.startsWith(UNSAID) ? undefined : type,
    size: length === undefined ? undefined : Number(length),
    transform: transformOf(request.query),
    ...conditionOf(request),
  });
  const node = await uploading.catch((error: unknown) => {
    ignoreBody(request);
    throw error;
  });
  response.setHeader('etag', `"${node.hash}"`);
  response.status(200).json(node);
}

/** Removes the file and its node. */
export async function serveRemoval({ request, media, principal }: MediaCall, response: Response): Promise<void> {
  await media.remove(principal, mediaPath(request), conditionOf(request));
  response.status(204).end();
}

function conditionOf({ headers }: Request): UploadCondition {
  return {
    ifMatch: parseEtags(headers['if-match'], 'ignored'),
    ifNoneMatch: parseEtags(headers['if-none-match'], 'counts'),
  };
}

/** A body that is cut off is the client's doing. One that is not wanted any more stays open: its connection has to carry the answer. */
async function* bodyOf(request: Request): AsyncGenerator<Uint8Array, void> {
  try {
    yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw new BacksideError('invalid-data', 'the body was cut off', { cause: error });
  }
}
