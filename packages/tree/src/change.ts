import { type Drafts, type Node, setInDraft } from './node.js';
import { type Path, PRIORITY_KEY } from './path.js';

/** The node at `path` becomes `value`; null removes it. If the path ends in `.priority` the value is the priority or null. */
export interface Change {
  readonly path: Path;
  readonly value: Node;
}

/** The tree after the changes, one after the other; a map that many of them change is copied once. */
export function applyChanges(node: Node, changes: Iterable<Change>): Node {
  const drafts: Drafts = new Map();
  let current = node;
  for (const change of changes) current = setInDraft(current, change, drafts);
  return current;
}

/**
 * The order in which disjoint changes act as one step: what is added first, then what is removed, then priorities. So no parent
 * is emptied, and loses its priority, only because its new children come later in the list. Stable; in place.
 */
export function orderAsOneStep(changes: Change[]): Change[] {
  return changes.sort((a, b) => phase(a) - phase(b));
}

function phase({ path, value }: Change): number {
  if (path[path.length - 1] === PRIORITY_KEY) return 2;
  return value === null ? 1 : 0;
}
