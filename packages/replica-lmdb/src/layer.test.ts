import {
  applyChanges,
  type Change,
  encodeNode,
  layered,
  makeMap,
  type Node,
  nodeReader,
  readNode,
  type TreeReader,
} from '@backside/tree';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consolidate, type Layer, newLayer } from './layer.js';
import { anyLeaf } from './scratch-data.js';

/** So few paths that most changes meet others. */
const path = fc.array(fc.constantFrom('a', 'b'), { maxLength: 3 });
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ path, value: fc.oneof(fc.constant(null), anyLeaf) }),
  fc.record({ path: path.map((keys) => [...keys, '.priority']), value: fc.constantFrom(null, 1) }),
);
const history = fc.array(change, { minLength: 4, maxLength: 20 });
const place = fc.nat({ max: 1000 });

const textOf = (reader: TreeReader): string => encodeNode(readNode(reader, []), 'export');

/** The states of a tree: after none of the changes, the first one, the first two … */
function statesOf(changes: readonly Change[]): Node[] {
  const states: Node[] = [null];
  for (const each of changes) states.push(applyChanges(states.at(-1)!, [each]));
  return states;
}

function layerOf(changes: readonly Change[], base: TreeReader): Layer {
  const layer = newLayer(0);
  for (const each of changes) layer.tree.apply(each, base);
  layer.bytes = changes.length;
  return layer;
}

describe('consolidated layers', () => {
  it('show the latest state over every state that contains some of their changes', () => {
    fc.assert(
      fc.property(history, place, place, place, (changes, cut, before, after) => {
        const states = statesOf(changes);
        const middle = Math.max(Math.ceil(changes.length / 3), Math.min(cut, Math.floor((changes.length * 2) / 3)));
        const bottom = nodeReader(states[0]!);
        const lower = layerOf(changes.slice(0, middle), bottom);
        const upper = layerOf(changes.slice(middle), lower.tree.over(bottom));
        const joinedAt = before % states.length;
        const seenAt = joinedAt + (after % (states.length - joinedAt));
        const [joined, ...others] = consolidate([lower, upper], nodeReader(states[joinedAt]!));
        expect(others).toEqual([]);
        expect(textOf(joined!.tree.over(nodeReader(states[seenAt]!)))).toBe(encodeNode(states.at(-1)!, 'export'));
        expect(textOf(lower.tree.over(bottom))).toBe(encodeNode(states[middle]!, 'export'));
      }),
      { numRuns: 3000 },
    );
  });

  it('are few, however many came', () => {
    const base = nodeReader(makeMap([['k', true]]));
    let layers: readonly Layer[] = [];
    for (let count = 0; count < 1000; count++) {
      layers = consolidate([...layers, layerOf([{ path: [`k${count}`], value: count }], base)], base);
      expect(layers.length).toBeLessThan(12);
    }
    const whole = layered(base, ...layers.map(({ tree }) => tree));
    expect([...whole.children([])].length).toBe(1001);
  });

  it('leave alone those that go with the next checkpoint', () => {
    const base = nodeReader(null);
    const leaving = layerOf([{ path: ['a'], value: 1 }], base);
    leaving.leaving = true;
    const later = layerOf([{ path: ['b'], value: 1 }], base);
    expect(consolidate([leaving, later], base)).toEqual([leaving, later]);
  });
});
