import { createHash } from 'node:crypto';

/** A key of a tree for a unique key, which may be any text and counts within its queue alone. */
export function uniqueHashOf(queue: string, uniqueKey: string): string {
  return createHash('sha256').update(`${queue}\n${uniqueKey}`).digest('hex');
}
