import type { Principal } from '@backside/protocol';
import type { Basis } from '@backside/security';
import type { Change, Path, Query, TreeReader } from '@backside/tree';

export type Decision = Allowed | Denied;

export interface Allowed {
  readonly allowed: true;
  /** What a tracked read rested on. Null or absent: nothing that data, time or the principal could change. */
  readonly basis?: Basis | null;
}

export interface Denied {
  readonly allowed: false;
  /** Names the explanation of this refusal; clients see it, `TraceLog.find` resolves it. */
  readonly trace?: string;
  readonly basis?: Basis | null;
}

export interface ReadRequest {
  readonly principal: Principal;
  readonly path: Path;
  readonly query: Query | null;
  /** The state that is read. */
  readonly root: TreeReader;
  readonly now: number;
  /** Whether the right will be held for a while, so that the decision has to say what it rests on. */
  readonly tracked: boolean;
}

export interface WriteRequest {
  readonly principal: Principal;
  /** Disjoint, server values resolved. */
  readonly changes: readonly Change[];
  readonly before: TreeReader;
  readonly after: TreeReader;
  readonly now: number;
}

/**
 * Decides every right but those of admins, who are not asked about: reads when they happen, listens when they begin and
 * whenever what they rest on changes, writes on exactly the state that they commit on. Synchronous.
 */
export interface Authorizer {
  read(request: ReadRequest): Decision;
  write(request: WriteRequest): Decision;
  /**
   * Calls `changed` at once whenever decisions may differ although neither data, principal nor time did; returns what ends
   * that. Left out by an authorizer of which this is never true, such as one with fixed rules.
   */
  onChange?(changed: () => void): () => void;
  /** The revision of the database after which no such change has happened; 0 if none ever has, as when this is left out. */
  since?(): number;
}

export const ALLOWED: Allowed = { allowed: true };

/** Everybody may do everything. */
export const openAuthorizer: Authorizer = { read: () => ALLOWED, write: () => ALLOWED };

/** Only admins may do anything: for a private database. */
export const closedAuthorizer: Authorizer = { read: () => ({ allowed: false }), write: () => ({ allowed: false }) };
