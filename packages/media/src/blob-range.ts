import { BacksideError } from '@backside/protocol';
import type { ByteRange } from './blob-store.js';

/** Throws `invalid-query` unless the range is one of whole numbers within a blob of that size. */
export function assertRange({ start, end }: ByteRange, size: number): void {
  const isWithin = Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end < size;
  if (!isWithin) throw new BacksideError('invalid-query', 'the range is not within the blob');
}
