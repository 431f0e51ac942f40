import type { Principal } from '@backside/protocol';
import type { WriteOperation, WriteStep } from './operation.js';

/** A write that a connection has left for its end. */
export interface LeftWrite {
  /** Its idempotency key: whoever makes it, and however often, it is made once. */
  readonly key: string;
  readonly principal: Principal;
  readonly step: WriteStep;
  readonly headers?: WriteOperation['headers'];
  /** How long after the end of the connection it is made. */
  readonly graceMs: number;
}

/**
 * Whether what was left is still this node's to make, and not another's that took it for dead. Rejects with `unavailable` if that
 * cannot be known now.
 */
export type IsHeld = () => Promise<boolean>;

/** The longest grace, in milliseconds. */
export const MAX_GRACE_MS = 3_600_000;

/** Changes of what one connection has left, by key: another write, or none. */
export type LeftChanges = ReadonlyMap<string, LeftWrite | null>;
