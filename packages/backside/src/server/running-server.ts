import type { Ports } from './edges.js';

/** A server that serves. */
export interface RunningServer {
  readonly ports: Ports;
  /** Resolves with what went wrong if the server can no longer serve and must end. */
  readonly failed: Promise<Error>;
  /** Drains: no new connections, pending writes answered, clients told, data closed. */
  stop(): Promise<void>;
}
