import type { Rule, RuleNode } from './rule-node.js';

/** `root` and every node below it, parents first: a node's literal children in the order of the file, then its wildcard. */
export function* nodesBelow(root: RuleNode): Generator<RuleNode> {
  const waiting: RuleNode[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    yield node;
    waiting.push(...childNodes(node).reverse());
  }
}

export function childNodes(node: RuleNode): RuleNode[] {
  return [...node.literals.values(), ...(node.wildcard === null ? [] : [node.wildcard])];
}

/** The rules that stand at the node itself. */
export function rulesAt({ read, write, validate }: RuleNode): Rule[] {
  return [read, write, validate].filter((rule) => rule !== null);
}

export function* rulesBelow(root: RuleNode): Generator<Rule> {
  for (const node of nodesBelow(root)) yield* rulesAt(node);
}
