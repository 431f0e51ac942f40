import { encodeNode, getAt, isMap, type Node, type Path, PriorityLeaf, setAt } from '@backside/tree';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { replaceLeafInText } from './leaf-in-text.js';
import { anyLeaf, anyNode, anyPath, mapsOf } from './scratch-data.js';

describe('replacing a leaf in a text', () => {
  it('does what parsing, setting and writing do, wherever there is a leaf', () => {
    let replaced = 0;
    fc.assert(
      fc.property(anyNode, fc.nat(), anyPath, anyLeaf, (node, choice, otherPath, leaf) => {
        if (!isMap(node) || hasPriorities(node)) return;
        const paths = pathsBelow(node);
        const path = paths[choice % (paths.length + 1)] ?? otherPath;
        if (path.length === 0) return;
        const before = getAt(node, path);
        const expected = before === null || isMap(before) ? null : encodeNode(setAt(node, path, leaf), 'export');
        expect(replaceLeafInText(encodeNode(node, 'export'), path, leaf)).toBe(expected);
        if (expected !== null) replaced += 1;
      }),
      { numRuns: 5_000 },
    );
    expect(replaced).toBeGreaterThan(100);
  });

  it('is not misled by what stands in strings and keys', () => {
    const text = '{"a\\"b":"}{","c":{"d":"\\\\","e\\\\":1,"f":"\\",\\"e\\":2"},"e":true}';
    const cases: [Path, string | null][] = [
      [['e'], text.replace('true', '0')],
      [['c', 'e\\'], text.replace('1', '0')],
      [['c', 'd'], text.replace('"\\\\",', '0,')],
      [['a"b'], text.replace('"}{"', '0')],
      [['c', 'e'], null],
      [['c', 'd', 'x'], null],
      [['b'], null],
      [['c'], null],
    ];
    for (const [path, expected] of cases) expect(replaceLeafInText(text, path, 0)).toBe(expected);
  });
});

function pathsBelow(node: Node): Path[] {
  return [...mapsOf(node)].flatMap(([path, { children }]) => [...children.keys()].map((key) => [...path, key]));
}

function hasPriorities(node: Node): boolean {
  if (node instanceof PriorityLeaf) return true;
  return isMap(node) && (node.priority !== null || [...node.children.values()].some(hasPriorities));
}
