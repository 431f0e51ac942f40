import { isPriorityPath, type Path } from '@backside/tree';
import { type CompiledNode, nodeFor, nodesAlong } from './compiled-node.js';
import { Evaluation, type Recorder } from './evaluation.js';
import type { Basis, ReadCheck, ReadDecision } from './rules.js';
import { TreeView } from './tree-view.js';

const UNCONDITIONAL: Basis = { paths: [], usesAuth: false, usesNow: false };

/** Whether one of the `.read` rules from the root to the path says yes. */
export function decideRead(root: CompiledNode, check: ReadCheck): boolean {
  const path = nodePath(check.path);
  const found = conditionsAlong(root, path);
  if (found !== 'conditional') return found;
  const evaluation = start(check, path, {});
  return nodesAlong(root, path).some(({ read }) => read !== null && evaluation.passes(read));
}

/** The same, with everything that the answer rests on: a grant on its own rule alone, a refusal on all that were evaluated. */
export function decideReadWithBasis(root: CompiledNode, check: ReadCheck): ReadDecision {
  const path = nodePath(check.path);
  const found = conditionsAlong(root, path);
  if (found !== 'conditional') return { allowed: found, basis: UNCONDITIONAL };
  const seen: Path[] = [];
  const evaluation = start(check, path, { seen });
  const refused = { paths: [] as Path[], usesAuth: false, usesNow: false };
  for (const { read } of nodesAlong(root, path)) {
    if (read === null) continue;
    seen.length = 0;
    evaluation.usedAuth = false;
    evaluation.usedNow = false;
    const allowed = evaluation.passes(read);
    const { usedAuth, usedNow } = evaluation;
    if (allowed) return { allowed, basis: { paths: distinct(seen), usesAuth: usedAuth, usesNow: usedNow } };
    refused.paths.push(...seen);
    refused.usesAuth ||= usedAuth;
    refused.usesNow ||= usedNow;
  }
  return { allowed: false, basis: { ...refused, paths: distinct(refused.paths) } };
}

/** The same, every rule in order, told to the recorder. */
export function recordRead(root: CompiledNode, check: ReadCheck, recorder: Recorder): boolean {
  const path = nodePath(check.path);
  const evaluation = start(check, path, { recorder });
  return nodesAlong(root, path).some(({ read }) => read !== null && evaluation.passes(read));
}

/** The rights to a priority are those to its node. */
function nodePath(path: Path): Path {
  return isPriorityPath(path) ? path.slice(0, -1) : path;
}

/** The answer if it depends on nothing: an unconditional grant anywhere on the path wins. */
function conditionsAlong(root: CompiledNode, path: Path): boolean | 'conditional' {
  let conditional = false;
  let node: CompiledNode | null = root;
  for (let depth = 0; node !== null; depth++) {
    const { read } = node;
    if (read !== null) {
      if (read.constant === true) return true;
      if (read.constant === null) conditional = true;
    }
    node = depth < path.length ? nodeFor(node, path[depth] as string) : null;
  }
  return conditional ? 'conditional' : false;
}

function start(check: ReadCheck, path: Path, options: { seen?: Path[]; recorder?: Recorder }): Evaluation {
  const view = new TreeView({ tree: check.root }, path, options.seen);
  return new Evaluation(check, { path, before: view, after: view }, options.recorder ?? null);
}

function distinct(paths: readonly Path[]): Path[] {
  return [...new Map(paths.map((path) => [path.join('/'), path])).values()];
}
