import { LegacyAnswer } from '../http/answer.js';
import type { StoredBlob } from './legacy-blobs.js';

/** Nothing that is served as it was uploaded may act as a page of this server. */
const HARMLESS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox",
} as const;

/** The bytes of a blob, as they were stored. */
export function blobAnswer({ info, body }: StoredBlob): LegacyAnswer {
  return LegacyAnswer.stream(
    { contentType: info.contentType, length: info.size, source: body },
    { ...HARMLESS, etag: `"${info.etag}"`, 'cache-control': 'private, no-cache' },
  );
}
