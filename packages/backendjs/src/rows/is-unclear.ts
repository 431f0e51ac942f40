import { BacksideError } from '@backside/protocol';

/** Whether a write that failed so may have been made all the same. */
export function isUnclear(error: unknown): boolean {
  return error instanceof BacksideError && error.code === 'unavailable';
}
