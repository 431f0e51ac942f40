import { BacksideError } from '@backside/protocol';
import type { UploadCondition } from './media.js';

/** Whether there is anything to check. */
export function isConditional({ ifMatch, ifNoneMatch }: UploadCondition): boolean {
  return ifMatch !== undefined || ifNoneMatch !== undefined;
}

/** Throws `precondition-failed` unless the condition holds of the ETag that is there; null for no file. */
export function assertCondition({ ifMatch, ifNoneMatch }: UploadCondition, etag: string | null): void {
  if (ifMatch !== undefined && !names(ifMatch, etag)) throw failed('another file, or none, is there');
  if (ifNoneMatch !== undefined && names(ifNoneMatch, etag)) throw failed('such a file is there');
}

function names(etags: readonly string[] | '*', etag: string | null): boolean {
  return etag !== null && (etags === '*' || etags.includes(etag));
}

function failed(reason: string): BacksideError {
  return new BacksideError('precondition-failed', reason);
}
