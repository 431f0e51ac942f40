import type { RuleNode } from './rule-node.js';
import type { RuleProgram } from './rule-program.js';

/** A place in the rule tree whose rules can be evaluated. */
export interface CompiledNode extends RuleNode {
  readonly literals: ReadonlyMap<string, CompiledNode>;
  readonly wildcard: CompiledNode | null;
  readonly read: RuleProgram | null;
  readonly write: RuleProgram | null;
  readonly validate: RuleProgram | null;
  /** Whether there is a `.validate` here or below that can fail. */
  readonly validates: boolean;
}

/** The node for a child of the data; a literal hides the wildcard wholly. Null if no rule goes on. */
export function nodeFor(node: CompiledNode, key: string): CompiledNode | null {
  return node.literals.get(key) ?? node.wildcard;
}

/** The nodes for the path from the root on, as far as rules go. */
export function nodesAlong(root: CompiledNode, path: readonly string[]): CompiledNode[] {
  const nodes = [root];
  let node: CompiledNode | null = root;
  for (const key of path) {
    node = nodeFor(node, key);
    if (node === null) break;
    nodes.push(node);
  }
  return nodes;
}
