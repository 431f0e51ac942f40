import type { Json } from '@backside/tree';

/** One connection of a user: a tab, a phone. */
export interface PresentConnection<Meta extends Json = Json> {
  /** Of this one connection; the next one has another. Ids sort by the time at which they joined. */
  readonly id: string;
  readonly meta: Meta;
}

/** A user with at least one connection. */
export interface PresentUser<Meta extends Json = Json> {
  readonly uid: string;
  /** What the connection says that joined last. */
  readonly meta: Meta;
  /** In the order in which they joined; never empty. */
  readonly connections: readonly PresentConnection<Meta>[];
}

/** What became different between two lists; a user is in at most one of the three. */
export interface PresenceChange<Meta extends Json = Json> {
  readonly joined: readonly PresentUser<Meta>[];
  /** As they were last. */
  readonly left: readonly PresentUser<Meta>[];
  /** Present before and after, with other connections or another meta. */
  readonly updated: readonly PresentUser<Meta>[];
}

export interface PresenceOptions {
  /**
   * How long a user whose connection broke is held to be present, in milliseconds, at most an hour. Who is back in time has never
   * left. Default 10 seconds.
   */
  readonly graceMs?: number;
  /** Told why a user could not be shown again after a reconnect, and what a listener threw. Default: `reportError` where there is one, else the console. */
  readonly report?: (error: unknown) => void;
}

/** Who is there, below one path of the tree. Each user is listed once, however many connections it has. */
export interface Presence<Meta extends Json = Json> {
  /** In the order of uids; empty until the first answer of the server, and what was known last while offline. */
  readonly list: readonly PresentUser<Meta>[];
  /**
   * Says that `uid` is here through this connection, and goes on saying so through every reconnect, until `leave`. Called again it
   * replaces the meta (null and what is empty is kept as `true`), or the uid. Resolves when the server holds it, together with what
   * takes it back should the connection end. Rejects with `RefusedError` if the rules forbid it; then nothing was joined.
   */
  join(uid: string, meta?: Meta): Promise<void>;
  /** Takes this connection away, without grace. Resolves when the server has; at once if nothing was joined. */
  leave(): Promise<void>;
  /**
   * Called with the list as soon as it is known, then after each change. What became different comes with it; on the first call
   * everybody has joined. The returned function ends that.
   */
  onChange(listener: (list: readonly PresentUser<Meta>[], change: PresenceChange<Meta>) => void): () => void;
  /**
   * The server refused to show who is here; null while it does not. It is asked again when the client is taken for somebody else, and
   * by each call of `onChange` with nobody listening before.
   */
  readonly refused: Error | null;
}
