import type { OpenBlob } from '@backside/media';
import { LegacyAnswer } from '../http/answer.js';
import type { LegacyRequest } from '../http/legacy-request.js';

/** Nothing that is served as it was uploaded may act as a page of this server. */
const HARMLESS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; sandbox",
} as const;

/** The bytes of a blob, as they were stored. They are let go as soon as the client does not want them. */
export function blobAnswer({ info, body }: OpenBlob, { signal }: LegacyRequest): LegacyAnswer {
  const release = (): void => void body.destroy();
  body.on('error', release); // before anybody reads; who does is told as well
  signal.addEventListener('abort', release, { once: true });
  body.once('close', () => signal.removeEventListener('abort', release));
  if (signal.aborted) release();
  return LegacyAnswer.stream(
    { contentType: info.contentType, length: info.size, source: body },
    { ...HARMLESS, etag: `"${info.etag}"`, 'cache-control': 'private, no-cache' },
  );
}
