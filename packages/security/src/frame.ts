import type { Query } from '@backside/tree';
import type { Expression } from './ast.js';
import type { RegexAllowance } from './regex/automaton.js';
import type { TreeView } from './tree-view.js';
import { ERROR, type Value } from './value.js';

/** Is told what evaluation meets. Only programs compiled for watching report to it. */
export interface Watcher {
  value(expression: Expression, value: Value): void;
  /** The path that a snapshot stands for. */
  place(expression: Expression, path: readonly string[]): void;
}

/** A compiled expression. Never throws; the outcome of a rule that is not `true` grants nothing. */
export type Run = (frame: Frame) => Value;

/** What one operation's rules are evaluated with. */
export interface Frame extends RegexAllowance {
  readonly auth: unknown;
  readonly now: number;
  /** Undefined in a write, where there is none. */
  readonly query: Query | null | undefined;
  /** The keys from the root to the rule that is evaluated and below it: wildcards are bound by their place in it. */
  readonly path: readonly string[];
  readonly before: TreeView;
  /** In a read the same as `before`, which no rule can tell. */
  readonly after: TreeView;
  readonly watcher: Watcher | null;
  /** What went wrong last. */
  failure: string | null;
  usedAuth: boolean;
  usedNow: boolean;
}

export function fail(frame: Frame, message: string): typeof ERROR {
  frame.failure = message;
  return ERROR;
}
