import type { Json } from '../json-tree.js';

/** One step of a write. Every value is written once in a run, and every amount added once: so an effect names its write. */
export type Step =
  | { readonly path: string; readonly value: Json }
  | { readonly path: string; readonly increment: number };

/** What must hold for a write to be made: nothing at `path` changed after `revision`, or `value` stands there. */
export type Condition =
  | { readonly path: string; readonly revision: number }
  | { readonly path: string; readonly value: Json };

/** One commit that a client asks for: all of the steps or none. */
export interface Write {
  /** `w` and a number; the value that it sets, and the amount that it adds, are made of the same number. */
  readonly id: string;
  readonly steps: readonly Step[];
  readonly conditions: readonly Condition[];
}

export type Answer =
  | { readonly kind: 'acknowledged'; readonly revision: number }
  | { readonly kind: 'refused'; readonly code: string };

/** A write that was sent, perhaps several times with one idempotency key. Times are those of `performance.now()`. */
export interface SentWrite {
  readonly write: Write;
  readonly writer: string;
  /** The nodes that it was sent to. */
  readonly nodes: readonly string[];
  readonly sentAt: number;
  /** Null: nobody knows what became of it. It may be in the order, once. */
  readonly answer: Answer | null;
  readonly endedAt: number;
}

/** An event as a listener got it. */
export interface SeenEvent {
  readonly at: number;
  readonly node: string;
  readonly epoch: string;
  readonly revision: number;
  readonly kind: 'put' | 'patch';
  readonly path: string;
  readonly body: Json;
  /** What the first event of a subscription says about the resume point; null on all others, and where there was none. */
  readonly resumed: boolean | null;
  /** Whether it is the first event of a subscription. */
  readonly first: boolean;
}

export interface HeardListen {
  readonly listener: string;
  readonly path: string;
  readonly events: readonly SeenEvent[];
}

export interface SeenState {
  readonly node: string;
  readonly path: string;
  readonly sentAt: number;
  readonly endedAt: number;
  readonly revision: number;
  readonly value: Json;
  /** The node said that it may be behind, because it does not reach the journal. */
  readonly stale: boolean;
}

/** What clients sent and saw. Everything that is judged is in here. */
export interface History {
  /** The state in which the run began. */
  readonly base: { readonly epoch: string; readonly revision: number; readonly value: Json };
  readonly writes: readonly SentWrite[];
  readonly listens: readonly HeardListen[];
  readonly reads: readonly SeenState[];
  /** The whole tree as each node told it after the last write and after each listener had come to rest. */
  readonly final: readonly SeenState[];
  /** Who did not come to rest in time after the last write. */
  readonly restless: readonly string[];
}
