import type { Query } from '@backside/tree';
import type { Frame, Watcher } from './frame.js';
import type { Outcome } from './observer.js';
import type { RuleProgram } from './rule-program.js';
import type { TreeView } from './tree-view.js';
import { ERROR, type Value } from './value.js';

/** What all regular expressions of one operation may cost together: some tenths of a second. */
const MAX_REGEX_WORK = 2 ** 24;

/** Follows the evaluation of an operation's rules, for explanations and for coverage. */
export interface Recorder extends Watcher {
  begin(rule: RuleProgram, frame: Frame): void;
  end(rule: RuleProgram, frame: Frame, value: Value): void;
}

/** Who does something and when; a read has a query, too. */
interface Asking {
  readonly auth: unknown;
  readonly now: number;
  readonly query?: Query | null;
}

/** Where rules are evaluated: the path, and the two states of the tree along it. */
export interface Scene {
  readonly path: readonly string[];
  readonly before: TreeView;
  readonly after: TreeView;
}

/** The evaluation of one operation: its frame, and its recorder if there is one. */
export class Evaluation implements Frame {
  readonly auth: unknown;
  readonly now: number;
  readonly query: Query | null | undefined;
  readonly path: readonly string[];
  readonly before: TreeView;
  readonly after: TreeView;
  readonly watcher: Recorder | null;
  failure: string | null = null;
  regexWorkLeft: number = MAX_REGEX_WORK;
  usedAuth = false;
  usedNow = false;

  constructor(asking: Asking, scene: Scene, recorder: Recorder | null) {
    this.auth = asking.auth;
    this.now = asking.now;
    this.query = asking.query;
    this.path = scene.path;
    this.before = scene.before;
    this.after = scene.after;
    this.watcher = recorder;
  }

  /** Whether the rule says yes. An error is a no. */
  passes(rule: RuleProgram): boolean {
    if (this.watcher === null) return rule.run(this) === true;
    this.failure = null;
    this.watcher.begin(rule, this);
    const value = rule.watched(this);
    this.watcher.end(rule, this, value);
    return value === true;
  }
}

export function outcomeOf(value: Value): Outcome {
  if (value === ERROR) return 'error';
  return value === true ? 'true' : value === false ? 'false' : 'value';
}
