import { BacksideError } from '@backside/protocol';
import type { IRouter, Request, Response } from 'express';
import type { EndpointContext } from '../endpoint.js';
import { admitToMedia, type FindMedia, type MediaCall } from './media-call.js';
import { serveDownload } from './serve-download.js';
import { serveRemoval, serveUpload } from './serve-upload.js';

type Serve = (call: MediaCall, response: Response) => Promise<void>;

const SERVED: Readonly<Record<string, Serve>> = {
  GET: serveDownload,
  HEAD: serveDownload,
  PUT: serveUpload,
  DELETE: serveRemoval,
};

/** Headers of answers that pages of other origins may look at. */
const EXPOSED = 'etag, retry-after, content-range, accept-ranges, content-disposition';

/** Files at `/.media/PATH`, where PATH is that of the node that describes one, and uploads by the tus protocol at `/.uploads`. */
export function serveMedia(router: IRouter, context: EndpointContext, findMedia: FindMedia): void {
  router.all('/.media/*path', async (request: Request, response: Response) => {
    const serve = SERVED[request.method];
    if (serve === undefined) throw new BacksideError('not-found', `nothing answers ${request.method} here`);
    const call = await admitToMedia(request, context, findMedia);
    if (response.hasHeader('access-control-expose-headers'))
      response.setHeader('access-control-expose-headers', EXPOSED);
    await serve(call, response);
  });
  router.all(['/.uploads', '/.uploads/:id'], async (request: Request, response: Response) => {
    const call = await admitToMedia(request, context, findMedia);
    await call.media.uploads.handle(request, response, call);
  });
}
