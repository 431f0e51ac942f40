import { Commit } from '@backside/protocol';
import {
  type Bound,
  type Change,
  isPrefix,
  type Json,
  type Node,
  nodeFromJson,
  type Order,
  type Path,
  type Query,
} from '@backside/tree';
import fc from 'fast-check';

/** Keys that are few enough to collide, and odd enough to go wrong. */
const KEYS = ['a', 'b', 'c', '1', '2', '10', '02', '-5', 'é', '😀', '\uffee', '__proto__', 'constructor', 'A b', 'a!'];

export const keys: fc.Arbitrary<string> = fc.constantFrom(...KEYS);

export const paths: fc.Arbitrary<Path> = fc.array(keys, { maxLength: 4 });

const leaves: fc.Arbitrary<boolean | number | string> = fc.oneof(
  fc.boolean(),
  fc.integer({ min: -3, max: 12 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom('', 'a', 'b', 'zz', 'é', '😀', '\uffee', '10'),
);

const priorities: fc.Arbitrary<number | string | null> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.integer({ min: -2, max: 2 }) },
  { weight: 1, arbitrary: fc.constantFrom('', 'p', 'é') },
);

/** Whole subtrees in export form. */
const exported: fc.Arbitrary<Json> = fc.letrec<{ node: Json; leaf: Json; map: Json }>((tie) => ({
  node: fc.oneof({ depthSize: 'small', withCrossShrink: true }, tie('leaf'), tie('map')),
  leaf: fc
    .tuple(leaves, priorities)
    .map(([value, priority]) => (priority === null ? value : { '.value': value, '.priority': priority })),
  map: fc
    .tuple(fc.array(fc.tuple(keys, tie('node')), { maxLength: 6 }), priorities)
    .map(([entries, priority]) => mapOf(entries, priority)),
})).node;

function mapOf(entries: [string, Json][], priority: number | string | null): Json {
  const all: [string, Json][] = priority === null ? entries : [...entries, ['.priority', priority]];
  return Object.fromEntries(all); // defines `__proto__` as data, unlike an assignment
}

const nodes: fc.Arbitrary<Node> = exported.map((json) => nodeFromJson(json));

const changes: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ path: paths, value: nodes }) },
  { weight: 2, arbitrary: fc.record({ path: paths, value: fc.constant(null) }) },
  { weight: 1, arbitrary: fc.record({ path: paths.map((path) => [...path, '.priority']), value: priorities }) },
);

/** What one commit may hold: changes none of which is at or below another's path. */
export const disjointChanges: fc.Arbitrary<Change[]> = fc.array(changes, { minLength: 1, maxLength: 4 }).map((all) => {
  const chosen: Change[] = [];
  for (const change of all) if (!chosen.some((other) => overlap(change, other))) chosen.push(change);
  return chosen;
});

function overlap(a: Change, b: Change): boolean {
  return isPrefix(nodePath(a), nodePath(b)) || isPrefix(nodePath(b), nodePath(a));
}

function nodePath({ path }: Change): Path {
  return path.at(-1) === '.priority' ? path.slice(0, -1) : path;
}

const orders: fc.Arbitrary<Order> = fc.oneof(
  fc.constantFrom<Order>({ by: 'key' }, { by: 'value' }, { by: 'priority' }),
  fc.array(keys, { minLength: 1, maxLength: 2 }).map((path): Order => ({ by: 'child', path })),
);

/** Queries of every order, with and without bounds and limits. */
export const queries: fc.Arbitrary<Query> = orders.chain((order) =>
  fc
    .record({ start: bounds(order), end: bounds(order), limit: limits })
    .map(({ start, end, limit }) => ({ order, ...(start && { start }), ...(end && { end }), ...(limit && { limit }) })),
);

const limits: fc.Arbitrary<Query['limit']> = fc.option(
  fc.record({ count: fc.integer({ min: 1, max: 5 }), from: fc.constantFrom('first' as const, 'last' as const) }),
  { nil: undefined },
);

function bounds(order: Order): fc.Arbitrary<Bound | undefined> {
  const values: fc.Arbitrary<Bound['value']> = order.by === 'key' ? keys : fc.oneof(fc.constant(null), leaves);
  const withKey = fc.record({ value: values, key: keys, inclusive: fc.boolean() });
  const withoutKey = fc.record({ value: values, inclusive: fc.boolean() });
  return fc.option(order.by === 'key' ? withoutKey : fc.oneof(withoutKey, withKey), { nil: undefined });
}

/** The commit number `revision`. */
export function commitOf(revision: number, changed: readonly Change[]): Commit {
  return new Commit({ revision, time: 1_700_000_000_000, author: null, origin: 'node-1', changes: changed });
}
