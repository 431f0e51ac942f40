import type { MediaFile } from '@backside/media';
import { fileNameParameters } from '../content-disposition.js';

/** Types that a browser may show by itself: none of them can run anything. */
const SHOWN = /^(?:image\/(?:jpeg|png|webp|avif|gif)|(?:audio|video)\/[a-z0-9.+-]+|text\/plain)$/;
const TYPE = /^[\x21-\x7e]+\/[\x21-\x7e]+(?:; charset=utf-8)?$/;

/**
 * Headers under which what anybody uploaded can harm nobody: the type is not guessed, nothing in it may run, load or be framed, and
 * all but pictures, sound, film and plain text is saved instead of shown. Every request asks again whether the file may be read.
 */
export function fileHeaders(file: MediaFile, forcesDownload: boolean): Readonly<Record<string, string>> {
  const type = TYPE.test(file.contentType) ? file.contentType : 'application/octet-stream';
  const isShown = !forcesDownload && SHOWN.test(type.split(';', 1)[0]!.toLowerCase());
  return {
    'content-type': type,
    'content-disposition': `${isShown ? 'inline' : 'attachment'}; ${fileNameParameters(file.node.name)}`,
    'content-security-policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'cross-origin',
    'cache-control': 'private, no-cache',
    'accept-ranges': 'bytes',
    etag: `"${file.etag}"`,
    'last-modified': new Date(file.modified).toUTCString(),
  };
}
