import type { Principal } from '@backside/protocol';
import type { Credential } from './credential.js';

/** Who asks, once it is proven. */
export interface LegacyAccount {
  readonly id: string;
  readonly login: string;
  readonly name: string;
  /** What `type` lists: `admin` and whatever an application defines. */
  readonly types: readonly string[];
  readonly isAdmin: boolean;
  /** By what it was proven. */
  readonly proof: 'signature' | 'session' | 'token' | 'bearer';
  readonly credential: Credential;
  /** Whom an access token of `@backside/auth` speaks for; null for every other proof. */
  readonly principal: Principal | null;
}
