import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { applyChanges, type Change } from './change.js';
import { diffNodes } from './diff.js';
import { encodeNode, nodeToJson } from './encode.js';
import { hashNode, matchesHash } from './hash.js';
import { nodeFromJson } from './json.js';
import { compareKeys, sortedKeys } from './key-order.js';
import { makeMap, type Node, nodesEqual } from './node.js';
import { normalizeChanges } from './normalize.js';
import { isPrefix } from './path.js';
import { applyQuery, queryEntries } from './query.js';
import { canonicalQuery, formatQuery, parseQuery } from './query-json.js';
import { readQuery } from './read-query.js';
import { nodeReader, readNode, readPriority } from './reader.js';
import { layered, SparseTree } from './sparse-tree.js';
import { changes, key, node, path, query, start } from './testing/arbitraries.js';
import { changeModel, exportModel, modelOf, queryModel } from './testing/naive-model.js';
import { sortedText } from './testing/sorted-text.js';

const exportText = (node: Node): string => sortedText(nodeToJson(node, 'export'));

describe('random changes', () => {
  it('leave the tree that the naive model has', () => {
    fc.assert(
      fc.property(start, changes, (before, list) => {
        const model = modelOf(before);
        for (const step of list) changeModel(model, step);
        expect(exportText(applyChanges(before, list))).toBe(sortedText(exportModel(model)));
      }),
      { numRuns: 1500 },
    );
  });

  it('leave the tree alone on which they are made, and their values, which others may have', () => {
    fc.assert(
      fc.property(start, changes, (before, list) => {
        const texts = [before, ...list.map(({ value }) => value)].map(exportText);
        const after = applyChanges(before, list);
        const text = exportText(after);
        expect([before, ...list.map(({ value }) => value)].map(exportText)).toEqual(texts);
        applyChanges(after, list.toReversed());
        expect(exportText(after)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it('copy a map once, however many of them change it', () => {
    let copied = 0;
    class CountedMap<K, V> extends Map<K, V> {
      constructor(entries?: Iterable<readonly [K, V]> | null) {
        super(entries);
        copied += this.size;
      }
    }
    const keys = Array.from({ length: 500 }, (_, index) => `k${index}`);
    const before = makeMap([['wide', makeMap(keys.map((each): [string, Node] => [each, 1]))]]);
    vi.stubGlobal('Map', CountedMap);
    const after = applyChanges(
      before,
      keys.map((each): Change => ({ path: ['wide', each], value: 2 })),
    );
    vi.unstubAllGlobals();
    expect(exportText(after)).toBe(
      exportText(nodeFromJson({ wide: Object.fromEntries(keys.map((each) => [each, 2])) })),
    );
    expect(copied).toBe(1 + keys.length);
  });

  it('look the same through an overlay, at every path, whatever first part of them the base has caught up with', () => {
    fc.assert(
      fc.property(start, changes, fc.nat(10), (before, list, caughtUp) => {
        const overlay = new SparseTree();
        const states = [before];
        for (const step of list) {
          overlay.apply(step, nodeReader(before));
          const state = applyChanges(states[states.length - 1] as Node, [step]);
          states.push(state);
          expect(exportText(readNode(overlay.over(nodeReader(before)), []))).toBe(exportText(state));
        }
        const after = states[states.length - 1] as Node;
        for (const base of [before, states[Math.min(caughtUp, list.length)] as Node, after]) {
          const view = overlay.over(nodeReader(base));
          expect(exportText(readNode(view, []))).toBe(exportText(after));
          for (const step of list) {
            const at = step.path.filter((piece) => piece !== '.priority');
            expect(exportText(readNode(view, at))).toBe(exportText(readNode(nodeReader(after), at)));
            expect(readPriority(view, at)).toBe(readPriority(nodeReader(after), at));
          }
        }
      }),
      { numRuns: 1500 },
    );
  });

  it('look the same through several overlays, and through one over nothing', () => {
    fc.assert(
      fc.property(start, changes, changes, changes, (before, ...lists) => {
        const layers = lists.map(() => new SparseTree());
        const alone = new SparseTree();
        const nothing = nodeReader(null);
        alone.apply({ path: [], value: before }, nothing);
        for (const [index, list] of lists.entries()) {
          for (const step of list) {
            (layers[index] as SparseTree).apply(step, layered(nodeReader(before), ...layers.slice(0, index)));
            alone.apply(step, nothing);
          }
        }
        const after = exportText(applyChanges(before, lists.flat()));
        expect(exportText(readNode(layered(nodeReader(before), ...layers), []))).toBe(after);
        expect(exportText(readNode(alone.over(nothing), []))).toBe(after);
      }),
      { numRuns: 700 },
    );
  });

  it('have an overlay whose changes say the same, once or twice, and whose touched children cover the difference', () => {
    fc.assert(
      fc.property(start, changes, (before, list) => {
        const normal = normalizeChanges(list, nodeReader(before));
        const after = applyChanges(before, list);
        expect(exportText(applyChanges(before, normal))).toBe(exportText(after));
        expect(exportText(applyChanges(after, normal))).toBe(exportText(after));
        const overlay = new SparseTree();
        for (const step of list) overlay.apply(step, nodeReader(before));
        const touched = overlay.touchedChildren([]);
        const changed = diffNodes(before, after).flatMap(({ path: [first] }) => (first === '.priority' ? [] : [first]));
        if (touched !== 'all') expect([...touched]).toEqual(expect.arrayContaining(changed));
        if (list.length === 0) expect(overlay.isEmpty()).toBe(true);
      }),
      { numRuns: 700 },
    );
  });

  it('normalise without a base to disjoint paths of the same effect as long as nothing is removed', () => {
    const additions = fc.array(fc.record({ path, value: node.filter((value) => value !== null) }), { maxLength: 8 });
    fc.assert(
      fc.property(start, additions, (before, list) => {
        const normal = normalizeChanges(list);
        expect(exportText(applyChanges(before, normal))).toBe(exportText(applyChanges(before, list)));
        expectDisjoint(normal);
      }),
    );
    fc.assert(fc.property(changes, (list) => expectDisjoint(normalizeChanges(list))));
  });
});

function expectDisjoint(list: readonly Change[]): void {
  for (const a of list) for (const b of list) if (a !== b) expect(isPrefix(a.path, b.path)).toBe(false);
}

describe('random pairs of nodes', () => {
  it('differ by changes that make one of the other', () => {
    fc.assert(
      fc.property(node, node, (before, after) => {
        const difference = diffNodes(before, after);
        expect(exportText(applyChanges(before, difference))).toBe(exportText(after));
        expect(difference.length === 0).toBe(nodesEqual(before, after));
        expectDisjoint(difference);
      }),
      { numRuns: 1500 },
    );
  });

  it('are equal exactly if their export texts and hashes are', () => {
    fc.assert(
      fc.property(node, node, (a, b) => {
        expect(nodesEqual(a, b)).toBe(encodeNode(a, 'export') === encodeNode(b, 'export'));
        expect(nodesEqual(a, b)).toBe(hashNode(a) === hashNode(b));
        expect(matchesHash(a, hashNode(a))).toBe(true);
      }),
    );
  });
});

describe('a random node', () => {
  it('comes back from its export text, and its texts parse to its JSON data', () => {
    fc.assert(
      fc.property(node, (value) => {
        const encoded = encodeNode(value, 'export');
        expect(nodesEqual(nodeFromJson(JSON.parse(encoded)), value)).toBe(true);
        expect(sortedText(JSON.parse(encoded))).toBe(exportText(value));
        expect(sortedText(JSON.parse(encodeNode(value, 'val')))).toBe(sortedText(nodeToJson(value, 'val')));
      }),
      { numRuns: 700 },
    );
  });
});

describe('random keys', () => {
  it('have one total order, which sorting in bulk follows too', () => {
    const anyKey = fc.oneof(
      key,
      fc.string({ minLength: 1 }),
      fc.integer({ min: -20, max: 20 }).map(String),
      fc.constantFrom('-0', '00', '000', '0', '2147483647', '2147483648', '-2147483648', '-2147483649', '-', '0x'),
    );
    fc.assert(
      fc.property(fc.uniqueArray(anyKey, { maxLength: 40 }), (keys) => {
        const inOrder = sortedKeys(keys);
        expect(inOrder).toEqual([...keys].sort(compareKeys));
        for (let i = 1; i < inOrder.length; i++) {
          for (let j = 0; j < i; j++) expect(compareKeys(inOrder[j] as string, inOrder[i] as string)).toBeLessThan(0);
        }
      }),
    );
  });
});

describe('a random query', () => {
  it('chooses the children that the naive model chooses, on nodes, on readers and through overlays', () => {
    fc.assert(
      fc.property(start, changes, query, (before, list, asked) => {
        const after = applyChanges(before, list);
        const expected = queryModel(modelOf(after), asked);
        expect(queryEntries(after, asked).map(([name]) => name)).toEqual(expected);
        const overlay = new SparseTree();
        for (const step of list) overlay.apply(step, nodeReader(before));
        const read = readQuery(overlay.over(nodeReader(before)), [], asked);
        expect(read.map(([name]) => name)).toEqual(expected);
        for (const [name, child] of read) expect(nodesEqual(child, readNode(nodeReader(after), [name]))).toBe(true);
      }),
      { numRuns: 1500 },
    );
  });

  it('comes back from its JSON form, and applying it again changes nothing', () => {
    fc.assert(
      fc.property(node, query, (value, asked) => {
        const again = parseQuery(JSON.parse(JSON.stringify(formatQuery(asked))));
        expect(canonicalQuery(again)).toBe(canonicalQuery(asked));
        expect(nodesEqual(applyQuery(value, again), applyQuery(value, asked))).toBe(true);
        expect(nodesEqual(applyQuery(applyQuery(value, asked), asked), applyQuery(value, asked))).toBe(true);
      }),
    );
  });
});
