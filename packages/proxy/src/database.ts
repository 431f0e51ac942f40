import type { ListenOptions, Subscription, WriteOperation, WriteResult } from '@backside/api';
import type { Principal } from '@backside/protocol';
import type { Path } from '@backside/tree';

/** What runs when the connection that it belongs to ends. */
export interface ProxyConnectionScope {
  /**
   * Keeps the operation for `graceMs` after the end of the connection. Throws `permission-denied` if it would be refused now. Resolves
   * once it survives this process.
   */
  onDisconnect(operation: WriteOperation, graceMs: number): Promise<void>;
  /** Forgets what was kept at `path` and below. Resolves once that survives this process. */
  cancelOnDisconnect(path: Path): Promise<void>;
  /** From now on what is kept is made as this principal, decided anew when its time comes. Resolves once that survives this process. */
  become(principal: Principal): Promise<void>;
  /** Runs all that was kept, once, each after its grace. */
  end(): Promise<void>;
}

/** The part of the API core's `Database` that sessions use. */
export interface ProxyDatabase {
  readonly name: string;
  readonly epoch: string;
  /** The revision that reads answer: subscriptions that are not paused have been given everything up to it. */
  readonly revision: number;
  write(operation: WriteOperation): Promise<WriteResult>;
  listen<Encoded>(principal: Principal, options: ListenOptions<Encoded>): Subscription;
  /** `lost`: what was kept is made although the connection has not ended, and the connection is to be closed. */
  connectionScope(lost: () => void): ProxyConnectionScope;
}
