import { type Change, isMap, isPriorityPath, type MapNode, type Node, type PresentNode } from '@backside/tree';
import { type CompiledNode, nodeFor } from './compiled-node.js';
import { Evaluation, type Recorder, type Scene } from './evaluation.js';
import type { RuleProgram } from './rule-program.js';
import type { WriteCheck } from './rules.js';
import { TreeView } from './tree-view.js';

/**
 * Whether every changed path is granted by a `.write` at it or above it, and every `.validate` holds: those above a changed path
 * and at it where data is left, and those below it where data was written.
 */
export function decideWrite(root: CompiledNode, check: WriteCheck, recorder: Recorder | null = null): boolean {
  const decision = new WriteDecision(root, check, recorder);
  const changes = check.changes.length > 1 ? inPathOrder(check.changes) : check.changes;
  for (const change of changes) if (!decision.allows(change)) return false;
  return true;
}

/** Neighbours share as many of their first keys as possible. */
function inPathOrder(changes: readonly Change[]): Change[] {
  return [...changes].sort((a, b) => comparePaths(a.path, b.path));
}

function comparePaths(a: readonly string[], b: readonly string[]): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a[i] as string, b[i] as string];
    if (x !== y) return x < y ? -1 : 1;
  }
  return a.length - b.length;
}

/**
 * Goes through the changes one by one. What was found out about the places that a change shares with the one before it is kept, so
 * that each rule is evaluated once at each place.
 */
class WriteDecision implements Scene {
  readonly path: string[] = [];
  /** The rule nodes along the path; fewer where rules do not go on. */
  private readonly nodes: CompiledNode[];
  private readonly evaluation: Evaluation;
  readonly before: TreeView;
  readonly after: TreeView;
  /** The depth of the rule that granted the path. */
  private grantedAt: number | null = null;
  /** On how many places of the path, from the root on, `.write` is known not to grant. */
  private refused = 0;
  /** On how many places of the path, from the root on, `.validate` is known to hold. */
  private valid = 0;

  constructor(root: CompiledNode, check: WriteCheck, recorder: Recorder | null) {
    this.nodes = [root];
    this.before = new TreeView({ tree: check.before }, this.path);
    this.after = new TreeView(new LazyAfter(check), this.path);
    this.evaluation = new Evaluation(check, this, recorder);
  }

  allows(change: Change): boolean {
    const priorityOnly = isPriorityPath(change.path);
    this.moveTo(change.path, priorityOnly ? change.path.length - 1 : change.path.length);
    if (!priorityOnly) this.after.pin(this.path.length, change.value);
    if (!this.isGranted()) return false;
    const written = priorityOnly ? undefined : change.value;
    if (!this.isValidAlong(written)) return false;
    this.valid = this.path.length + 1;
    return written === undefined || this.isValidBelow(this.nodes[this.path.length], written);
  }

  /** Makes the first `length` keys of `target` the path. */
  private moveTo(target: readonly string[], length: number): void {
    const { path } = this;
    if (path.length > 0) this.leave(target, length);
    for (let depth = path.length; depth < length; depth++) this.extend(target[depth] as string);
  }

  /** Cuts the path down to what it shares with the first `length` keys of `target`. */
  private leave(target: readonly string[], length: number): void {
    const { path } = this;
    let shared = 0;
    while (shared < length && shared < path.length && path[shared] === target[shared]) shared++;
    path.length = shared;
    this.before.truncate(shared + 1);
    this.after.truncate(shared + 1);
    this.nodes.length = Math.min(this.nodes.length, shared + 1);
    this.refused = Math.min(this.refused, shared + 1);
    this.valid = Math.min(this.valid, shared + 1);
    if (this.grantedAt !== null && this.grantedAt > shared) this.grantedAt = null;
  }

  private extend(key: string): void {
    const node =
      this.nodes.length > this.path.length ? nodeFor(this.nodes[this.path.length] as CompiledNode, key) : null;
    this.path.push(key);
    if (node !== null) this.nodes.push(node);
  }

  private isGranted(): boolean {
    if (this.grantedAt !== null) return true;
    if (this.evaluation.watcher === null) this.grantedAt = this.unconditionalGrant();
    for (; this.grantedAt === null && this.refused < this.nodes.length; this.refused++) {
      const { write } = this.nodes[this.refused] as CompiledNode;
      if (write !== null && this.evaluation.passes(write)) this.grantedAt = this.refused;
    }
    return this.grantedAt !== null;
  }

  private unconditionalGrant(): number | null {
    for (let depth = this.refused; depth < this.nodes.length; depth++) {
      if (this.nodes[depth]?.write?.constant === true) return depth;
    }
    return null;
  }

  /** The `.validate` rules on the way to the path and at it. `written` is undefined where only a priority changes. */
  private isValidAlong(written: Node | undefined): boolean {
    const nodes = this.nodes;
    for (let depth = this.valid; depth < nodes.length; depth++) {
      const { validate } = nodes[depth] as CompiledNode;
      if (validate === null || validate.constant === true) continue;
      if (this.isLeft(depth, written) && !this.evaluation.passes(validate)) return false;
    }
    return true;
  }

  /** Whether there is data at `depth` of the path after the write. */
  private isLeft(depth: number, written: Node | undefined): boolean {
    if (written !== undefined && written !== null) return true;
    if (written === null && depth === this.path.length) return false;
    return this.after.at(depth) !== null;
  }

  /** The `.validate` rules of what was written, the node at the path itself not counted. */
  private isValidBelow(node: CompiledNode | undefined, written: Node): boolean {
    if (node === undefined || !node.validatesBelow || !isMap(written)) return true;
    return node.wildcard?.validates === true ? this.areValid(node, written) : this.areLiteralsValid(node, written);
  }

  private areValid(node: CompiledNode, written: MapNode): boolean {
    for (const [key, child] of written.children) {
      const rules = nodeFor(node, key) as CompiledNode;
      if (rules.validates && !this.isValid(rules, key, child)) return false;
    }
    return true;
  }

  private areLiteralsValid(node: CompiledNode, written: MapNode): boolean {
    for (const [key, rules] of node.literals) {
      const child = rules.validates ? written.children.get(key) : undefined;
      if (child !== undefined && !this.isValid(rules, key, child)) return false;
    }
    return true;
  }

  private isValid(node: CompiledNode, key: string, written: PresentNode): boolean {
    const depth = this.path.push(key);
    this.before.truncate(depth);
    this.after.enter(depth, written);
    const valid = this.holds(node.validate) && this.isValidBelow(node, written);
    this.path.pop();
    return valid;
  }

  private holds(validate: RuleProgram | null): boolean {
    return validate === null || validate.constant === true || this.evaluation.passes(validate);
  }
}

/** The tree after the write, asked for once and only when it is needed. */
class LazyAfter {
  private readonly check: WriteCheck;

  constructor(check: WriteCheck) {
    this.check = check;
  }

  get tree(): WriteCheck['after'] {
    return this.check.after;
  }
}
