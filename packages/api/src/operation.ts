import type { AckLevel, Principal } from '@backside/protocol';
import type { Json, Node, Path } from '@backside/tree';

/** One step of a write. */
export type WriteStep =
  /** Replace the node at `path`; null removes it. `priority` overrides one inside `value`. */
  | { readonly method: 'set'; readonly path: Path; readonly value: unknown; readonly priority?: string | number | null }
  /** Replace the named relative paths below `path`; `value` is an object. */
  | { readonly method: 'update'; readonly path: Path; readonly value: unknown }
  /** Set a new child, whose key is a push id, below `path`. */
  | {
      readonly method: 'push';
      readonly path: Path;
      readonly value: unknown;
      readonly priority?: string | number | null;
    }
  | { readonly method: 'remove'; readonly path: Path };

/** What must hold for a write to be made: nothing at or below `path` has changed after `revision`, or its hash is `hash`. */
export type Precondition =
  | { readonly path: Path; readonly revision: number }
  | { readonly path: Path; readonly hash: string };

/** Writes of one origin of which none may be made once an earlier one was refused, as STOMP asks of a connection. */
export class WriteSeries {
  /** Whether one was refused. */
  broken = false;
}

export interface WriteOperation {
  readonly principal: Principal;
  /** Applied in order as one commit: all or nothing. */
  readonly steps: readonly WriteStep[];
  readonly preconditions?: readonly Precondition[];
  /** Default `durable`. */
  readonly ackLevel?: AckLevel;
  /** A second write of the same principal with the same key is answered with the first one's result. At most 256 characters. */
  readonly idempotencyKey?: string;
  /** Refused with `precondition-failed` if an earlier write of the same series was refused. */
  readonly series?: WriteSeries;
  /** Application headers that live events carry on. */
  readonly headers?: readonly (readonly [string, string])[];
  /**
   * Called once its fate is sealed: reads show it, it is refused or, as can be with level `applied`, where this comes after the
   * acknowledgement, it is lost.
   */
  readonly sealed?: () => void;
}

export interface WriteResult {
  readonly revision: number;
  /** The new paths of the `push` steps, in order. */
  readonly pushed: readonly Path[];
}

/** Computes the new value of a node from its current one; `undefined` gives up. May be called more than once. */
export type TransactionUpdate = (current: Json) => Json | undefined;

export type TransactionResult =
  | { readonly committed: true; readonly revision: number }
  | { readonly committed: false; readonly value: Node };
