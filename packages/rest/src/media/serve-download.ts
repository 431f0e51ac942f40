import { pipeline } from 'node:stream/promises';
import type { ByteRange, MediaFile } from '@backside/media';
import { BacksideError } from '@backside/protocol';
import type { Request, Response } from 'express';
import { limitTaking } from '../idle-limit.js';
import { parseRange } from './byte-range.js';
import { allowsRange, judge } from './conditional.js';
import { fileHeaders } from './file-headers.js';
import { type MediaCall, mediaPath } from './media-call.js';
import { flagOf, transformOf } from './transform-query.js';

/** Sends a file, a part of it, or a picture made of it; or says that the one that the client has is still right. */
export async function serveDownload(call: MediaCall, response: Response): Promise<void> {
  const { request } = call;
  const forcesDownload = flagOf(request.query, 'download') ?? false;
  const file = await findFile(call);
  const verdict = judge(request.headers, file);
  if (verdict === 'failed') throw new BacksideError('precondition-failed');
  const headers = fileHeaders(file, forcesDownload);
  if (verdict === 'send') return send(request, response, { file, headers });
  const { 'content-type': _, ...unchanged } = headers;
  response
    .status(304)
    .setHeaders(new Map(Object.entries(unchanged)))
    .end();
}

function findFile({ request, media, principal }: MediaCall): Promise<MediaFile> {
  const path = mediaPath(request);
  const transform = transformOf(request.query);
  return transform === undefined ? media.file(principal, path) : media.thumbnail(principal, path, transform);
}

interface Sending {
  readonly file: MediaFile;
  readonly headers: Readonly<Record<string, string>>;
}

/** Nothing is said of the file before its bytes are open, so that a failure can still be answered. */
async function send(request: Request, response: Response, { file, headers }: Sending): Promise<void> {
  const range = rangeOf(request, file);
  if (range === 'unsatisfiable') {
    response.status(416).setHeader('content-range', `bytes */${file.size}`).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: file.size - 1 };
  const opened = request.method === 'HEAD' ? null : await file.open(range ?? undefined);
  response.status(range === null ? 200 : 206).setHeaders(new Map(Object.entries(headers)));
  response.setHeader('content-length', end - start + 1);
  if (range !== null) response.setHeader('content-range', `bytes ${start}-${end}/${file.size}`);
  limitTaking(request);
  if (opened === null) response.end();
  else if (response.destroyed) opened.body.destroy();
  else await pipeline(opened.body, response).catch(ignoreGone);
}

function rangeOf({ method, headers }: Request, file: MediaFile): ByteRange | 'unsatisfiable' | null {
  if (method !== 'GET' || !allowsRange(headers['if-range'], file)) return null;
  return parseRange(headers.range, file.size);
}

/** A client that goes away on the way is nothing to report. */
function ignoreGone(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE')) throw error;
}
