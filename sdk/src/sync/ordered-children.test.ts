import { type Leaf, makeMap, nodeFromJson, type PresentNode } from '@backside/tree';
import { expect, it } from 'vitest';
import { OrderedChildren } from './ordered-children.js';
import { CountingPath } from './testing/counting-path.js';

function child(n: Leaf, more = 0): PresentNode {
  return nodeFromJson({ n, more }) as PresentNode;
}

function thousand(): { path: CountingPath; children: OrderedChildren } {
  const path = CountingPath.of('n') as CountingPath;
  const node = makeMap(Array.from({ length: 1_000 }, (_, n) => [`k${n}`, child(n)]));
  const children = new OrderedChildren(node, { by: 'child', path });
  path.lookUps = 0;
  return { path, children };
}

it('a child that does not move is compared with itself alone', () => {
  const { path, children } = thousand();
  children.replace('k500', child(500), child(500, 1));
  expect(path.lookUps).toBe(2);
  expect(children.keys(499, 502)).toEqual(['k499', 'k500', 'k501']);
  expect(children.indexOf('k500', child(500, 1))).toBe(500);
});

it('a child that moves, comes or goes is found at its place', () => {
  const { children } = thousand();
  children.replace('k500', child(500), child(2.5));
  expect(children.keys(2, 5)).toEqual(['k2', 'k500', 'k3']);
  children.replace('k500', child(2.5), null);
  children.replace('new', null, child(3));
  expect(children.keys(2, 5)).toEqual(['k2', 'k3', 'new']);
});
