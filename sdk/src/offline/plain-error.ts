import { RefusedError } from '../link/refused-error.js';
import type { Outcome, PlainError } from './tab-message.js';

export function plainErrorOf(error: unknown): PlainError {
  if (!(error instanceof RefusedError)) {
    return { message: error instanceof Error ? error.message : String(error), refusal: null };
  }
  const { message, code, trace, retryAfterMs } = error;
  return { message, refusal: { code, trace, retryAfterMs } };
}

export function refusedErrorOf({ message, refusal }: PlainError): RefusedError {
  return new RefusedError(refusal?.code ?? 'internal', { ...refusal, message });
}

/** A `RefusedError` if it was one. */
export function errorOf(plain: PlainError): Error {
  return plain.refusal === null ? new Error(plain.message) : refusedErrorOf(plain);
}

export async function outcomeOf<Value>(promise: Promise<Value>): Promise<Outcome<Value>> {
  try {
    return { ok: true, value: await promise };
  } catch (error) {
    return { ok: false, error: plainErrorOf(error) };
  }
}
