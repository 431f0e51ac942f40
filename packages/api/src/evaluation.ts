import { BacksideError, type Principal } from '@backside/protocol';
import {
  asPriority,
  type Change,
  isPriorityPath,
  type Limits,
  matchesHash,
  type Node,
  nodeBytes,
  nodeFromJson,
  normalizeChanges,
  type Path,
  parseUpdate,
  readLeaf,
  readNode,
  SparseTree,
  type TreeReader,
  withPriority,
} from '@backside/tree';
import type { Authorizer, WriteRequest } from './authorizer.js';
import type { Precondition, WriteOperation, WriteStep } from './operation.js';

/** What an operation is evaluated with: the state left by the one before it, and the node's own sources. */
export interface EvaluationContext {
  readonly before: TreeReader;
  readonly now: number;
  readonly limits: Limits;
  readonly authorizer: Authorizer;
  readonly nextPushId: () => string;
  /** Whether a commit after `revision` changed something at, above or below `path`; null if that is no longer known. */
  readonly changedSince: (path: Path, revision: number) => boolean | null;
}

export interface Evaluation {
  /** Disjoint; empty for an update of nothing. */
  readonly changes: readonly Change[];
  readonly pushed: readonly Path[];
}

/**
 * Computes what an operation changes on the given state: server values resolved, data checked, preconditions met, rights
 * granted. Throws a TreeError or BacksideError and has no effect otherwise.
 */
export function evaluate(operation: WriteOperation, context: EvaluationContext): Evaluation {
  for (const precondition of operation.preconditions ?? []) {
    checkReadable(operation.principal, precondition.path, context);
    checkPrecondition(precondition, context);
  }
  const { steps } = operation;
  if (steps.length === 0) throw new BacksideError('invalid-data', 'a write needs at least one step');
  const pushed: Path[] = [];
  const changes =
    steps.length === 1 ? computeStep(steps[0]!, context.before, context, pushed) : computeSteps(steps, context, pushed);
  if (operation.principal.kind !== 'admin') checkRights(operation.principal, changes, context);
  return { changes, pushed };
}

/**
 * Steps see the effects of the steps before them. They are refused as soon as they are too large together, for it costs nothing to name one
 * value in many of them. The result keeps the paths that they name, since rights and events go by
 * them: taken together as one step, what a later step overwrites never happened.
 */
function computeSteps(steps: readonly WriteStep[], context: EvaluationContext, pushed: Path[]): Change[] {
  const scratch = new SparseTree();
  const current = scratch.over(context.before);
  const all: Change[] = [];
  const { maxWriteBytes } = context.limits;
  let bytes = 0;
  for (const step of steps) {
    for (const change of computeStep(step, current, context, pushed)) {
      bytes += nodeBytes(change.value);
      if (bytes > maxWriteBytes) throw new BacksideError('too-large', `a write of more than ${maxWriteBytes} bytes`);
      scratch.apply(change, context.before);
      all.push(change);
    }
  }
  return normalizeChanges(all);
}

function computeStep(step: WriteStep, current: TreeReader, context: EvaluationContext, pushed: Path[]): Change[] {
  const ofPriority = isPriorityPath(step.path);
  const options = {
    limits: context.limits,
    depth: ofPriority ? step.path.length - 1 : step.path.length,
    serverValues: {
      now: context.now,
      existing: (relative: Path) => readLeaf(current, relative.length === 0 ? step.path : [...step.path, ...relative]),
    },
  };
  switch (step.method) {
    case 'remove':
      return [{ path: step.path, value: null }];
    case 'update':
      return parseUpdate(step.path, step.value, options);
    case 'set': {
      const value = prioritized(nodeFromJson(step.value, options), step.priority);
      return [{ path: step.path, value: ofPriority ? asPriority(value) : value }];
    }
    case 'push': {
      if (ofPriority) throw new BacksideError('invalid-path', 'a priority has no children');
      const path = [...step.path, context.nextPushId()];
      pushed.push(path);
      return [
        { path, value: prioritized(nodeFromJson(step.value, { ...options, depth: path.length }), step.priority) },
      ];
    }
  }
}

function prioritized(node: Node, priority: string | number | null | undefined): Node {
  return priority === undefined ? node : withPriority(node, priority);
}

function checkPrecondition(precondition: Precondition, context: EvaluationContext): void {
  if ('hash' in precondition) {
    if (matchesHash(readNode(context.before, precondition.path), precondition.hash)) return;
    throw new BacksideError('precondition-failed', 'the data at the path has another hash');
  }
  const changed = context.changedSince(precondition.path, precondition.revision);
  if (changed === false) return;
  throw new BacksideError(
    'precondition-failed',
    changed
      ? `the data at the path changed after revision ${precondition.revision}`
      : `what changed after revision ${precondition.revision} is no longer known; use a hash instead`,
  );
}

/** Whether a precondition holds tells something about the data. */
function checkReadable(principal: Principal, path: Path, { authorizer, before, now }: EvaluationContext): void {
  if (principal.kind === 'admin') return;
  const decision = authorizer.read({ principal, path, query: null, root: before, now, tracked: false });
  if (!decision.allowed) throw new BacksideError('permission-denied', undefined, { trace: decision.trace });
}

function checkRights(principal: Principal, changes: readonly Change[], context: EvaluationContext): void {
  const decision = context.authorizer.write(new LazyWriteRequest(principal, changes, context));
  if (!decision.allowed) throw new BacksideError('permission-denied', undefined, { trace: decision.trace });
}

/** Builds the state after the write only if a rule looks at it. */
class LazyWriteRequest implements WriteRequest {
  readonly principal: Principal;
  readonly changes: readonly Change[];
  readonly before: TreeReader;
  readonly now: number;
  #after: TreeReader | undefined;

  constructor(principal: Principal, changes: readonly Change[], context: EvaluationContext) {
    this.principal = principal;
    this.changes = changes;
    this.before = context.before;
    this.now = context.now;
  }

  get after(): TreeReader {
    if (this.#after === undefined) {
      const overlay = new SparseTree();
      for (const change of this.changes) overlay.apply(change, this.before);
      this.#after = overlay.over(this.before);
    }
    return this.#after;
  }
}
