import {
  type Bound,
  type Change,
  isPrefix,
  type Leaf,
  MAX_KEY,
  MapNode,
  MIN_KEY,
  makeMap,
  type Node,
  type Order,
  type Path,
  type Priority,
  PriorityLeaf,
  type Query,
} from '@backside/tree';
import fc from 'fast-check';

/** For tests: few keys, so that changes meet, and of every kind that is ordered in its own way. */
const KEYS = ['a', 'b', 'c', '1', '2', '10', '02', '-5', 'é', '😀', '\uffee', '__proto__', 'constructor'];

export const anyKey: fc.Arbitrary<string> = fc.constantFrom(...KEYS);

export const anyPath: fc.Arbitrary<Path> = fc.array(anyKey, { maxLength: 4 });

/** Long strings that agree in more than an index holds of them, too. */
export const anyLeaf: fc.Arbitrary<Leaf> = fc.oneof(
  fc.boolean(),
  fc.constantFrom(0, -0.5, 1, 2, 10, -1e300, 1e-300),
  fc.constantFrom('', 'a', 'a\0', 'a\0b', 'ab', 'é', '😀', '\uffee'),
  fc.constantFrom('a', 'b', '', '\0', '\uffff').map((end) => 'x'.repeat(127) + end),
  fc.constantFrom('a', 'b', '', '\0z', '\uffff').map((end) => 'x'.repeat(128) + end),
);

export const anyPriority: fc.Arbitrary<Priority> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.constantFrom<Priority>(0, 1, 'p', '') },
);

export const anyNode: fc.Arbitrary<Node> = fc.letrec<{ node: Node; leaf: Node; map: Node }>((tie) => ({
  node: fc.oneof({ depthSize: 'small' }, tie('leaf'), tie('map')),
  leaf: fc
    .tuple(anyLeaf, anyPriority)
    .map(([value, priority]) => (priority === null ? value : new PriorityLeaf(value, priority))),
  map: fc
    .tuple(fc.array(fc.tuple(anyKey, tie('node')), { maxLength: 8 }), anyPriority)
    .map(([entries, priority]) => makeMap(entries, priority)),
})).node;

const anyChange: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ path: anyPath, value: anyNode }) },
  { weight: 3, arbitrary: fc.record({ path: anyPath, value: fc.constant(null) }) },
  { weight: 1, arbitrary: fc.record({ path: anyPath.map((path) => [...path, '.priority']), value: anyPriority }) },
);

/** For tests: what one commit may hold, changes none of which is at or below another. */
export const anyChanges: fc.Arbitrary<Change[]> = fc.array(anyChange, { minLength: 1, maxLength: 3 }).map((all) => {
  const chosen: Change[] = [];
  for (const change of all) {
    if (
      !chosen.some(
        (other) => isPrefix(nodePath(change), nodePath(other)) || isPrefix(nodePath(other), nodePath(change)),
      )
    ) {
      chosen.push(change);
    }
  }
  return chosen;
});

function nodePath({ path }: Change): Path {
  return path.at(-1) === '.priority' ? path.slice(0, -1) : path;
}

const anyOrder: fc.Arbitrary<Order> = fc.oneof(
  fc.constantFrom<Order>({ by: 'key' }, { by: 'value' }, { by: 'priority' }),
  fc.array(anyKey, { minLength: 1, maxLength: 2 }).map((path): Order => ({ by: 'child', path })),
);

/** For tests: queries in an order, with and without bounds and limits. */
export function queriesIn(order: Order): fc.Arbitrary<Query> {
  const key = fc.oneof(anyKey, fc.constantFrom(MIN_KEY, MAX_KEY));
  const bound: fc.Arbitrary<Bound> =
    order.by === 'key'
      ? fc.record({ value: anyKey, inclusive: fc.boolean() })
      : fc.record(
          { value: fc.oneof(fc.constant(null), anyLeaf), key, inclusive: fc.boolean() },
          { requiredKeys: ['value', 'inclusive'] },
        );
  const limit = fc.record({
    count: fc.integer({ min: 1, max: 5 }),
    from: fc.constantFrom<'first' | 'last'>('first', 'last'),
  });
  return fc.record({ order: fc.constant(order), start: bound, end: bound, limit }, { requiredKeys: ['order'] });
}

export const anyQuery: fc.Arbitrary<Query> = anyOrder.chain(queriesIn);

/** For tests: every map below a node, with its path. */
export function* mapsOf(node: Node, path: Path = []): Generator<[Path, MapNode], undefined> {
  if (!(node instanceof MapNode)) return;
  yield [path, node];
  for (const [key, child] of node.children) yield* mapsOf(child, [...path, key]);
}
