import type { Json, Path, Query } from '@backside/tree';
import type { RefusedError } from './refused-error.js';
import type { WireAck, WireWrite } from './write.js';

/**
 * - `connecting`: a socket is being opened, or the server is being asked who we are.
 * - `online`: listens are live and writes are being sent.
 * - `offline`: waiting for the next attempt, for the network, or for `goOnline`.
 * - `closed`: for good.
 */
export type Status = 'offline' | 'connecting' | 'online' | 'closed';

/** Who the server takes this client for. */
export interface UserInfo {
  /** Missing of an admin without an account. */
  readonly uid?: string;
  readonly provider?: string;
  readonly claims?: Readonly<Record<string, Json>>;
  /** When the credential ends, in milliseconds since 1970. */
  readonly expiresAt?: number;
  readonly admin?: boolean;
}

/** A view of the tree. A null query is the whole node. */
export interface ListenTarget {
  readonly path: Path;
  readonly query: Query | null;
}

/** What happened to a view. Events of one listen come in the order of their revisions, none missing and none twice. */
export interface ServerEvent {
  /** `put`: the node at `path` is now `body`. `patch`: each relative path in `body` (an object) below `path` has that value now. */
  readonly kind: 'put' | 'patch';
  readonly path: Path;
  /** In export form. */
  readonly body: Json;
  /** What the event brings the view to. */
  readonly revision: number;
  /** The history that the revision belongs to. */
  readonly epoch: string;
  /** Whether `body` is the whole state of the view, which replaces all that was known of it. */
  readonly snapshot: boolean;
  /** On the first event after a SUBSCRIBE with a resume point: whether it goes on from there. */
  readonly resumed: boolean | null;
}

/** The receiving end of a listen. Never called during `listen` itself. */
export interface ListenHandler {
  event(event: ServerEvent): void;
  /** The server ended the listen; no event follows. */
  refused(error: RefusedError): void;
  /** `epoch:revision` of what the handler has, from which a new connection goes on; null for nothing. */
  resumePoint(): string | null;
}

/**
 * The line to the server: one STOMP connection at a time, made anew whenever it breaks, and what must outlive it. Listens go on
 * from where they were. Writes are made in the order of `write`, each exactly once.
 */
export interface Connection {
  readonly status: Status;
  /** The returned function takes the listener away, here and below. */
  onStatus(listener: (status: Status) => void): () => void;
  /** Of the present or last connection; null before the first. */
  readonly epoch: string | null;
  /** Server time minus client time, in milliseconds; 0 before the first connection. Good to half a round trip. */
  readonly serverTimeOffset: number;
  /** Null for nobody, and until the server has said. */
  readonly user: UserInfo | null;
  onUser(listener: (user: UserInfo | null) => void): () => void;
  /** Why the last connection ended or could not be made; null while online. */
  readonly lastError: Error | null;
  /** The returned function ends the listen; the handler is not called again. */
  listen(target: ListenTarget, handler: ListenHandler): () => void;
  /**
   * Resolves when the server has acknowledged at the write's level, however many connections that takes. Rejects with `RefusedError`,
   * with `ClosedError` if the connection is closed first, and with the signal's reason when that aborts: a write that was not sent
   * yet is then dropped, one that was may still be made.
   */
  write(write: WireWrite, signal?: AbortSignal): Promise<WireAck>;
  /**
   * Signs in with the tokens that `getToken` gives, or as nobody. It is asked at every connect, and again whenever the server says
   * that the last one will soon expire or holds no more. Resolves when the server has accepted the token on this connection, or at
   * once if there is none: then the next one begins with it. Rejects with `RefusedError`, or with what `getToken` threw.
   */
  setToken(getToken: (() => Promise<string | null>) | null): Promise<void>;
  /** Drops the connection and makes no new one until `goOnline`. */
  goOffline(): void;
  /** Connects at once. */
  goOnline(): void;
  /** Says goodbye and ends everything: writes without an answer reject with `ClosedError`. */
  close(): void;
}
