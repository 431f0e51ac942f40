import fc from 'fast-check';
import type { Change } from '../change.js';
import { type Leaf, MapNode, type Node, type PresentNode, type Priority, PriorityLeaf } from '../node.js';
import type { Path } from '../path.js';
import type { Query } from '../query.js';

export const key: fc.Arbitrary<string> = fc.constantFrom(
  'a',
  'b',
  'c',
  '0',
  '1',
  '10',
  '01',
  '__proto__',
  'constructor',
  '\u{1f600}',
  '\ue000',
);
const leaf = fc.oneof(
  fc.constantFrom<Leaf>(0, false, '', true, 1, -1, 'x'),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
  fc.string(),
);
const priority = fc.constantFrom<Priority>(null, null, 0, 1, 'p', '');
export const node: fc.Arbitrary<Node> = fc.letrec<{ node: Node; map: Node }>((tie) => ({
  node: fc.oneof({ maxDepth: 3 }, leafNode(), tie('map')),
  map: fc.tuple(fc.array(fc.tuple(key, tie('node')), { maxLength: 4 }), priority).map(([entries, of]) => {
    const children = new Map<string, PresentNode>();
    for (const [name, child] of entries) if (child !== null) children.set(name, child);
    return children.size === 0 ? null : new MapNode(children, of);
  }),
})).node;

function leafNode(): fc.Arbitrary<Node> {
  return fc.tuple(leaf, priority).map(([value, of]) => (of === null ? value : new PriorityLeaf(value, of)));
}

export const path: fc.Arbitrary<Path> = fc.array(fc.constantFrom('a', 'b', '0', '__proto__'), { maxLength: 3 });
const oneChange: fc.Arbitrary<Change> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ path, value: node }) },
  { weight: 3, arbitrary: fc.record({ path, value: fc.constant(null) }) },
  { weight: 2, arbitrary: fc.record({ path: path.map((keys) => [...keys, '.priority']), value: priority }) },
);
export const changes: fc.Arbitrary<Change[]> = fc.array(oneChange, { maxLength: 10 });
/** A map with a few more children than are copied. */
const wideNode = fc.tuple(node, fc.integer({ min: 0, max: 40 })).map(([inner, count]): Node => {
  const numbered = Array.from({ length: count }, (_, index): [string, Leaf] => [`k${index}`, index]);
  const children = new Map<string, PresentNode>(numbered);
  if (inner !== null) children.set('a', inner);
  return children.size === 0 ? null : new MapNode(new Map([['b', new MapNode(children, 7)]]), 'w');
});
/** Trees to begin with. */
export const start: fc.Arbitrary<Node> = fc.oneof(node, wideNode);

const bound = fc.tuple(fc.oneof(fc.constant(null), leaf), fc.option(key, { nil: undefined }), fc.boolean());
export const query: fc.Arbitrary<Query> = fc
  .tuple(
    fc.constantFrom<Query['order']>(
      { by: 'key' },
      { by: 'value' },
      { by: 'priority' },
      { by: 'child', path: ['a'] },
      { by: 'child', path: ['a', 'b'] },
    ),
    fc.option(bound, { nil: undefined }),
    fc.option(bound, { nil: undefined }),
    fc.option(fc.record({ count: fc.integer({ min: 1, max: 4 }), from: fc.constantFrom('first', 'last') })),
    fc.tuple(key, key),
  )
  .map(([order, low, high, limit, keys]) => {
    const end = (given: typeof low, keyBound: string): Query['start'] => {
      if (given === undefined) return undefined;
      const [value, of, inclusive] = given;
      if (order.by === 'key') return { value: keyBound, inclusive };
      const bounded = order.by === 'priority' && typeof value === 'boolean' ? null : value;
      return of === undefined ? { value: bounded, inclusive } : { value: bounded, key: of, inclusive };
    };
    const [from, to] = [end(low, keys[0]), end(high, keys[1])];
    return { order, ...(from && { start: from }), ...(to && { end: to }), ...(limit && { limit }) } as Query;
  });
