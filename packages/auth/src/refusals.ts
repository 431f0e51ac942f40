import { BacksideError } from '@backside/protocol';

/** The one answer to every sign-in that fails: it tells nothing of why. `cause` is for logs of the inside. */
export function signInRefused(cause?: unknown): BacksideError {
  return new BacksideError('unauthenticated', undefined, { cause });
}

/** A link or code that is used, too old, made void, or never was. */
export function noLongerValid(): BacksideError {
  return new BacksideError('expired', 'This link or code is no longer valid');
}

export function forbidden(message: string): BacksideError {
  return new BacksideError('permission-denied', message);
}
