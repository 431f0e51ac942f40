import type { AckLevel } from '@backside/protocol';
import type { Json, Path } from '@backside/tree';

/** One step of a write. */
export interface WireStep {
  readonly method: 'set' | 'update' | 'push' | 'remove';
  readonly path: Path;
  /** In export form; of an `update` an object of relative paths. Left out for `remove`. */
  readonly value?: Json;
}

/** A write as it goes to the server: all steps are made as one commit, or none. */
export interface WireWrite {
  /** The idempotency key, 1 to 256 characters: the server makes a write of one user with one key once, however often it is sent. */
  readonly key: string;
  readonly steps: readonly WireStep[];
  /**
   * The user who made it, by id. It is sent only where the server takes this client for that user, waits while it does for nobody, and
   * rejects with `unauthenticated` once it does for another one. Left out: whoever is signed in now, or else when it is first sent.
   */
  readonly author?: string;
  /** How far the write must have come before it is acknowledged. */
  readonly ackLevel: AckLevel;
  /** A revision, a hash, or `=` and JSON in export form: the write is made only if the first step's path is still so. */
  readonly ifMatch?: string;
  /** Leaves each step for the end of the connection instead, made by this method; `cancel` takes back what was left there. */
  readonly onDisconnect?: 'set' | 'update' | 'remove' | 'cancel';
  /** How long after the end of the connection what was left is made, in milliseconds. */
  readonly graceMs?: number;
}

/** What became of a write. */
export interface WireAck {
  /** 0 for what was left for the end of the connection. */
  readonly revision: number;
  /** The new path of a single `push`, else empty. */
  readonly pushed: readonly Path[];
}
