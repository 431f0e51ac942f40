import { BacksideError } from '@backside/protocol';
import type { AuthUser } from './user.js';

/** The first factor was right, and the account wants a second one. */
export class SecondFactorError extends BacksideError {
  /** When the challenge ends, in milliseconds since 1970 by the server's clock; null if the server did not say. */
  readonly expiresAt: number | null;
  /**
   * Signs in with a code of the authenticator, or a recovery code. A challenge takes a few wrong ones, which reject with
   * `unauthenticated`, before it is void.
   */
  readonly complete: (code: string) => Promise<AuthUser>;

  constructor(complete: (code: string) => Promise<AuthUser>, expiresAt: number | null) {
    super('second-factor-required');
    this.name = 'SecondFactorError';
    this.complete = complete;
    this.expiresAt = expiresAt;
  }
}
