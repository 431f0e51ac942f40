import type { AckLevel } from '@backside/protocol';
import type { Connection } from '../link/connection.js';
import type { SyncTree } from '../sync/sync-tree.js';
import type { Listeners } from './listeners.js';

/** What references of one database work with. */
export interface Root {
  readonly tree: SyncTree;
  readonly connection: Connection;
  /** Who listens, and through what. */
  readonly listeners: Listeners;
  /** A new key, later in the order of keys than all before it. */
  readonly newKey: () => string;
}

/** For whatever waits. */
export interface WaitOptions {
  /** Ends the waiting; what was sent may still be done. */
  readonly signal?: AbortSignal;
}

export interface WriteOptions extends WaitOptions {
  /** When the promise resolves: accepted in order, on disk (the default), or on several nodes. */
  readonly ackLevel?: AckLevel;
}

export interface ListenOptions {
  /** Called when the server does not, or no longer, allow the listen. Without it `onRefused` of the client still is. */
  readonly refused?: (error: Error) => void;
  /** Also tells a `value` again when only its state has changed, as from `pending` to `confirmed`. */
  readonly states?: boolean;
  /** Ends the listen. */
  readonly signal?: AbortSignal;
}
