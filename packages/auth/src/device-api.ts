import type { Principal } from '@backside/protocol';
import type { Client } from './sign-in-api.js';
import type { Claims } from './user.js';

/** A credential of one device, without its secret. */
export interface Device {
  /** Its login. */
  readonly key: string;
  readonly label: string;
  /** Who it acts as. */
  readonly uid: string;
  /** What rules see as `auth.token`; nothing else. */
  readonly claims: Claims;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface NewDevice {
  readonly label: string;
  readonly claims?: Claims | undefined;
  /** An account that is no admin's, with which the device lives and dies; without it the device is its own uid, equal to its key. */
  readonly uid?: string | undefined;
}

/** Keys and secrets for devices: STOMP login and passcode. Every method refuses who is no admin with `permission-denied`. */
export interface DeviceApi {
  list(
    actor: Principal,
    page?: { readonly after?: string | undefined; readonly limit?: number | undefined },
  ): Promise<{ readonly devices: readonly Device[]; readonly next: string | null }>;

  /** The secret is shown this once. */
  create(
    actor: Principal,
    device: NewDevice,
    client?: Client,
  ): Promise<{ readonly device: Device; readonly secret: string }>;

  /** Its connections end on every node. `not-found`. */
  revoke(actor: Principal, key: string, client?: Client): Promise<void>;
}
