import type { Json } from '@backside/tree';
import type { Connection, ListenTarget } from '../link/connection.js';
import type { WireWrite } from '../link/write.js';

/** What a listen last knew: the whole state that the server told, and where to go on from. */
export interface StoredListen {
  /** Export form, so with priorities; for a query the children inside it, null for nothing. */
  readonly node: Json;
  /** `epoch:revision` of `node`. */
  readonly resume: string;
}

/**
 * What outlives the page or the process: listened states and queued writes of one server and database. No method throws for
 * what it finds stored: records that are damaged or were written by something else are dropped and reported to the `warn`
 * that the store was opened with. Methods may be called at once; they wait for the storage to be open.
 */
export interface SyncStore {
  /** The state that was saved last, or null. */
  loadListen(target: ListenTarget): Promise<StoredListen | null>;
  /**
   * Has the state saved some time later, together with its resume point, so one is never there without the other. `read` is
   * asked then, once for all calls since the last save, so calling this on every event is cheap; null saves nothing.
   */
  saveListen(target: ListenTarget, read: () => StoredListen | null): void;
  /** Forgets what is stored, as when the server refused the listen. */
  dropListen(target: ListenTarget): Promise<void>;
  /**
   * Tells that somebody listens, until the returned function is called. What is held is evicted last; the rest goes in the
   * order in which it was listened to last, the oldest first, once the store is over its bound of bytes.
   */
  hold(target: ListenTarget): () => void;
  /**
   * The queued writes that no living tab owns, oldest first; from then on this store owns them. They go out before any new
   * write. A later call gives those that have lost their owner since.
   */
  loadWrites(): Promise<readonly WireWrite[]>;
  /** Resolves once the write would survive the end of the process; writes stay in the order of the calls. */
  saveWrite(write: WireWrite): Promise<void>;
  /** The write was answered, either way. Resolves once it would not come back. */
  dropWrite(key: string): Promise<void>;
  /** Saves what waits to be saved. */
  flush(): Promise<void>;
  /** Forgets all listens and all queued writes, those of other tabs too: for a sign-out. */
  clear(): Promise<void>;
  /** Saves what waits to be saved and lets go; the store is not used any more. */
  close(): Promise<void>;
}

/** Told of what was dropped, of failed saves and of a full disk; `cause` is the error, if one was thrown. */
export type Warn = (message: string, cause?: unknown) => void;

/** What `connect(url, { persistence })` takes. */
export interface Persistence {
  /** The store of one server and database; `name` tells them apart, such as the URL. */
  open(name: string, warn: Warn): SyncStore;
  /**
   * Where several pages share the storage: the one connection that they share. `create` makes a real one when this page
   * comes to own it. Without this method every client has a connection of its own.
   */
  share?(name: string, create: () => Connection, store: SyncStore, warn: Warn): Connection;
}
