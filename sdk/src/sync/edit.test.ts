import { countNodes, encodeNode, isMap, makeMap, type Node, nodesEqual, setAt } from '@backside/tree';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { replaceAt } from './edit.js';

const key = fc.integer({ min: 0, max: 99 }).map((index) => `k${index}`);
const path = fc.oneof(
  fc.tuple(key),
  fc.tuple(key, fc.constantFrom('a', 'b')),
  fc.tuple(key, fc.constant('.priority')),
  fc.constant(['.priority']),
);
const value = fc.constantFrom<Node>(null, 1, 'x', makeMap([['a', 1]]));

function wide(size: number): Node {
  return makeMap(Array.from({ length: size }, (_, index) => [`k${index}`, index] as const));
}

it('changes wide and narrow nodes as the tree does', () => {
  const change = fc.tuple(path, value).filter(([at, node]) => at.at(-1) !== '.priority' || !isMap(node));
  fc.assert(
    fc.property(fc.constantFrom(0, 3, 64, 90), fc.array(change, { maxLength: 80 }), (size, changes) => {
      let [ours, expected] = [wide(size), wide(size)];
      for (const [at, node] of changes) {
        ours = replaceAt(ours, at, node);
        expected = setAt(expected, at, node);
        expect(nodesEqual(ours, expected) && nodesEqual(expected, ours)).toBe(true);
      }
      expect(encodeNode(ours, 'export')).toBe(encodeNode(expected, 'export'));
      expect(countNodes(ours)).toBe(countNodes(expected));
    }),
    { numRuns: 300 },
  );
});

it('returns the same node if nothing changes', () => {
  const node = wide(100);
  expect(replaceAt(node, ['k5'], 5)).toBe(node);
  expect(replaceAt(node, ['k5', '.priority'], null)).toBe(node);
});

it('leaves what it was made of as it was', () => {
  const before = wide(100);
  const text = encodeNode(before, 'export');
  const once = replaceAt(before, ['k5'], null);
  const twice = replaceAt(once, ['new'], 1);
  expect([encodeNode(before, 'export'), countNodes(once), countNodes(twice)]).toEqual([text, 100, 101]);
});
