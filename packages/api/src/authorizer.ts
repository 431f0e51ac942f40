import type { Principal } from '@backside/protocol';
import type { Change, Path, Query, TreeReader } from '@backside/tree';

export type Decision = Allowed | Denied;

export interface Allowed {
  readonly allowed: true;
}

export interface Denied {
  readonly allowed: false;
  /** Names the explanation of this refusal; clients see it, `explain` resolves it. */
  readonly trace?: string;
}

export interface ReadRequest {
  readonly principal: Principal;
  readonly path: Path;
  readonly query: Query | null;
  /** The state that is read. */
  readonly root: TreeReader;
  readonly now: number;
}

export interface WriteRequest {
  readonly principal: Principal;
  /** Disjoint, server values resolved. */
  readonly changes: readonly Change[];
  readonly before: TreeReader;
  readonly after: TreeReader;
  readonly now: number;
}

/** Decides every right: reads and listens when they begin, writes on exactly the state that they commit on. Synchronous. */
export interface Authorizer {
  read(request: ReadRequest): Decision;
  write(request: WriteRequest): Decision;
}

export const ALLOWED: Allowed = { allowed: true };

/** Everybody may do everything. For development mode only. */
export const openAuthorizer: Authorizer = { read: () => ALLOWED, write: () => ALLOWED };
