import type { Principal } from '@backside/protocol';

/** One SUBSCRIBE of a client, until it ends. */
export interface ClientSubscription {
  /** Its name on this connection; undefined for a 1.0 subscription without one. */
  readonly id: string | undefined;
  /** What it listens to, in canonical form. */
  readonly destination: string;
  /** Begins to deliver. Throws if the database refuses. */
  begin(principal: Principal): void;
  /** The connection cannot take more: what changes is remembered instead of sent. */
  holdBack(): void;
  /** The connection can take more again. */
  letGo(): void;
  /** Delivers nothing more until `renew`, after which it goes on without loss. */
  suspend(): void;
  /** Decides its rights again, for another principal. Throws if they no longer suffice. */
  renew(principal: Principal): void;
  /** Whether an event of this id waits for an ACK or NACK. */
  awaits(messageId: string): boolean;
  /** Takes an ACK or NACK: for that event or, in `client` mode, for all up to it. No effect if none waits. */
  acknowledge(messageId: string): void;
  /** Ends it without notice to the client. */
  end(): void;
}
