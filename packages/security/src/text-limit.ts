import { type Frame, fail } from './frame.js';
import type { ERROR } from './value.js';

/** In UTF-16 code units: far more than the longest string that can be stored, far less than the engine's limit. */
export const MAX_TEXT_LENGTH = 33_554_432;

export function failTooLong(frame: Frame): typeof ERROR {
  return fail(frame, `a text of more than ${MAX_TEXT_LENGTH} characters`);
}
