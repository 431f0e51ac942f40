import type { ServerConfig } from '../config/server-options.js';
import type { Ports } from './edges.js';
import type { AdjustableLogger } from './logger.js';

export interface StartOptions {
  readonly config: ServerConfig;
  readonly logger: AdjustableLogger;
  /** The settings as they are written now, checked. Throws `ConfigError`. */
  readonly reread: () => ServerConfig;
  /** Tells that the server shall not be opened any more: what was opened is closed, and the start rejects. */
  readonly ending: AbortSignal;
}

/** A server that serves. */
export interface RunningServer {
  readonly ports: Ports;
  /** Resolves with what went wrong if the server can no longer serve and must end. */
  readonly failed: Promise<Error>;
  /** Begins to replace the workers one after the other. Rejects with `invalid-data` if there are none, or their settings cannot be used. */
  restart(): Promise<void>;
  /** Puts changed settings in force and resolves with their names. Rejects with `invalid-data`, changing nothing, if one needs a restart. */
  reload(): Promise<readonly string[]>;
  /** Drains: no new connections, pending writes answered, clients told, data closed. */
  stop(): Promise<void>;
}
