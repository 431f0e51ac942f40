import {
  BigMap,
  getAt,
  isMap,
  type Node,
  nodeReader,
  type PresentNode,
  SparseTree,
  setAt,
  type TreeReader,
} from '@backside/tree';

/** The same tree, handed over in different pieces. */
export const READERS: readonly (readonly [name: string, read: (node: Node) => TreeReader])[] = [
  ['whole nodes', nodeReader],
  ['large maps at every level', inLargeMaps],
  ['an overlay over something else', overlaid],
];

function inLargeMaps(node: Node): TreeReader {
  return {
    glance: (path) => asLarge(getAt(node, path)),
    children: (path) => childrenOf(getAt(node, path)),
  };
}

/** Every second child of the root lies in the overlay, with something else under it. */
function overlaid(node: Node): TreeReader {
  const overlay = new SparseTree();
  const changed = isMap(node) ? node.keys().filter((_, i) => i % 2 === 0) : [];
  const base = nodeReader(changed.reduce<Node>((tree, key) => setAt(tree, [key], 'stale'), node));
  for (const key of changed) overlay.apply({ path: [key], value: getAt(node, [key]) }, base);
  return overlay.over(base);
}

function* childrenOf(node: Node): Generator<[string, PresentNode | BigMap]> {
  if (!isMap(node)) return;
  for (const key of node.keys()) yield [key, asLarge(node.children.get(key) as PresentNode)];
}

function asLarge<T extends Node>(node: T): T | BigMap {
  return isMap(node) ? new BigMap(node.priority) : node;
}
