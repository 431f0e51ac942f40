import type { Change, Path, Query, TreeReader } from '@backside/tree';
import type { Explanation } from './explanation.js';
import type { Observer } from './observer.js';
import type { RuleNode } from './rule-node.js';

/** `auth` as rules see it: JSON, null for nobody. */
export type AuthValue = {
  readonly uid: string;
  readonly provider: string;
  readonly token: Readonly<Record<string, unknown>>;
} | null;

export interface ReadCheck {
  readonly auth: AuthValue;
  readonly path: Path;
  readonly query: Query | null;
  readonly root: TreeReader;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface WriteCheck {
  readonly auth: AuthValue;
  /** Disjoint, server values resolved; paths may end in `.priority`. */
  readonly changes: readonly Change[];
  readonly before: TreeReader;
  /** The tree with all changes. May be a getter that builds it: it is only asked for if a rule needs it. */
  readonly after: TreeReader;
  readonly now: number;
}

/**
 * What a read decision rested on. As long as no commit changes anything at, above or below one of the paths, deciding again gives
 * the same answer for the same principal, or for every principal unless `usesAuth`, and at any time unless `usesNow`.
 */
export interface Basis {
  readonly paths: readonly Path[];
  readonly usesAuth: boolean;
  readonly usesNow: boolean;
}

export interface ReadDecision {
  readonly allowed: boolean;
  readonly basis: Basis;
}

export interface RuleIndex {
  /** Keys; those that begin with `$` stand for any key. */
  readonly pattern: Path;
  readonly by: Path | 'value';
}

/** A loaded rules file. Immutable but for `observe`. Nothing here throws, whatever the data, the principal and the query hold. */
export interface Rules {
  /** The file's text, byte for byte. */
  readonly source: string;
  /** The rule tree, for tools that look at rules without evaluating them. */
  readonly root: RuleNode;
  /** What `.indexOn` asks for. */
  readonly indexes: readonly RuleIndex[];
  read(check: ReadCheck): boolean;
  readWithBasis(check: ReadCheck): ReadDecision;
  write(check: WriteCheck): boolean;
  explainRead(check: ReadCheck): Explanation;
  explainWrite(check: WriteCheck): Explanation;
  /** Starts or, with null, stops telling an observer the outcome of every expression. Costs nothing when off. */
  observe(observer: Observer | null): void;
}
