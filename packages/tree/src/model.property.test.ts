import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyChanges, type Change } from './change.js';
import { diffNodes } from './diff.js';
import { encodeNode, nodeToJson } from './encode.js';
import { hashNode, matchesHash } from './hash.js';
import { type Json, nodeFromJson } from './json.js';
import { compareKeys, sortedKeys } from './key-order.js';
import { type Leaf, MapNode, type Node, nodesEqual, type PresentNode, type Priority, PriorityLeaf } from './node.js';
import { normalizeChanges } from './normalize.js';
import { isPrefix, type Path } from './path.js';
import { applyQuery, type Query, queryEntries } from './query.js';
import { canonicalQuery, formatQuery, parseQuery } from './query-json.js';
import { readQuery } from './read-query.js';
import { nodeReader, readNode, readPriority } from './reader.js';
import { layered, SparseTree } from './sparse-tree.js';
import { sortedText } from './testing.js';

/**
 * The naive model: every node is a record of an optional leaf, children and a priority, changed in place, pruned by walking the whole
 * tree. It shares no code with the package.
 */
interface Model {
  leaf: Leaf | null;
  priority: Priority;
  children: Record<string, Model>;
}

const blank = (): Model => ({ leaf: null, priority: null, children: Object.create(null) });

function modelOf(node: Node): Model {
  const model = blank();
  if (node instanceof MapNode) {
    model.priority = node.priority;
    for (const [key, child] of node.children) model.children[key] = modelOf(child);
  } else if (node instanceof PriorityLeaf) {
    model.leaf = node.value;
    model.priority = node.priority;
  } else model.leaf = node;
  return model;
}

const exists = (model: Model): boolean => model.leaf !== null || Object.keys(model.children).length > 0;

function prune(model: Model): void {
  for (const key of Object.keys(model.children)) {
    const child = model.children[key] as Model;
    prune(child);
    if (!exists(child)) delete model.children[key];
  }
  if (!exists(model)) model.priority = null;
}

function find(model: Model, path: Path): Model | undefined {
  return path.reduce<Model | undefined>((at, key) => at?.children[key], model);
}

function change(root: Model, { path, value }: Change): void {
  if (path[path.length - 1] === '.priority') {
    const target = find(root, path.slice(0, -1));
    if (target !== undefined && exists(target)) target.priority = value as Priority;
    return;
  }
  if (value === null && find(root, path) === undefined) return;
  let at = root;
  for (const key of path) {
    at.leaf = null;
    at.children[key] ??= blank();
    at = at.children[key] as Model;
  }
  Object.assign(at, modelOf(value));
  prune(root);
}

function exported(model: Model): Json {
  const object: Record<string, Json> = Object.create(null);
  if (model.leaf !== null) {
    if (model.priority === null) return model.leaf;
    object['.value'] = model.leaf;
  } else if (!exists(model)) return null;
  for (const [key, child] of Object.entries(model.children)) object[key] = exported(child);
  if (model.priority !== null) object['.priority'] = model.priority;
  return object;
}

const exportText = (node: Node): string => sortedText(nodeToJson(node, 'export'));

const key = fc.constantFrom('a', 'b', 'c', '0', '1', '10', '01', '__proto__', 'constructor', '\u{1f600}', '\ue000');
const leaf = fc.oneof(
  fc.constantFrom<Leaf>(0, false, '', true, 1, -1, 'x'),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
  fc.string(),
);
const priority = fc.constantFrom<Priority>(null, null, 0, 1, 'p', '');
const node: fc.Arbitrary<Node> = fc.letrec<{ node: Node; map: Node }>((tie) => ({
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

const path = fc.array(fc.constantFrom('a', 'b', '0', '__proto__'), { maxLength: 3 });
const oneChange: fc.Arbitrary<Change> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ path, value: node }) },
  { weight: 3, arbitrary: fc.record({ path, value: fc.constant(null) }) },
  { weight: 2, arbitrary: fc.record({ path: path.map((keys) => [...keys, '.priority']), value: priority }) },
);
const changes = fc.array(oneChange, { maxLength: 10 });
/** A map with a few more children than are copied. */
const wideNode = fc.tuple(node, fc.integer({ min: 0, max: 40 })).map(([inner, count]): Node => {
  const numbered = Array.from({ length: count }, (_, index): [string, Leaf] => [`k${index}`, index]);
  const children = new Map<string, PresentNode>(numbered);
  if (inner !== null) children.set('a', inner);
  return children.size === 0 ? null : new MapNode(new Map([['b', new MapNode(children, 7)]]), 'w');
});
const start = fc.oneof(node, wideNode);

const bound = fc.tuple(fc.oneof(fc.constant(null), leaf), fc.option(key, { nil: undefined }), fc.boolean());
const query: fc.Arbitrary<Query> = fc
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

describe('random changes', () => {
  it('leave the tree that the naive model has', () => {
    fc.assert(
      fc.property(start, changes, (before, list) => {
        const model = modelOf(before);
        for (const step of list) change(model, step);
        expect(exportText(applyChanges(before, list))).toBe(sortedText(exported(model)));
      }),
      { numRuns: 1500 },
    );
  });

  it('look the same through an overlay, at every path, whatever first part of them the base has caught up with', () => {
    fc.assert(
      fc.property(start, changes, fc.nat(10), (before, list, caughtUp) => {
        const overlay = new SparseTree();
        const states = [before];
        for (const step of list) {
          overlay.apply(step, nodeReader(before));
          states.push(applyChanges(states[states.length - 1] as Node, [step]));
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

/** Ranks and compares as the specification lists them, written out. */
function naiveCompare(a: Leaf | Model | null, b: Leaf | Model | null): number {
  const ranks = ['object', 'boolean', 'number', 'string'];
  const rank = (value: Leaf | Model | null): number =>
    value === null ? -1 : typeof value === 'object' ? 9 : ranks.indexOf(typeof value);
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (rank(a) === -1 || rank(a) === 9) return 0;
  return (a as Leaf) < (b as Leaf) ? -1 : (a as Leaf) > (b as Leaf) ? 1 : 0;
}

function naiveQuery(root: Model, { order, start: from, end: to, limit }: Query): string[] {
  const valueAt = (at: Model | undefined): Leaf | Model | null =>
    at === undefined || !exists(at) ? null : (at.leaf ?? at);
  const indexed = Object.entries(root.children).map(([name, child]) => {
    if (order.by === 'priority') return { name, value: child.priority };
    return { name, value: valueAt(order.by === 'child' ? find(child, order.path) : child) };
  });
  const compare = (
    a: (typeof indexed)[number],
    b: { value: Leaf | Model | null; name: string | undefined },
    none: number,
  ) => {
    if (order.by === 'key') return compareKeys(a.name, b.name ?? String(b.value));
    return naiveCompare(a.value, b.value) || (b.name === undefined ? none : compareKeys(a.name, b.name));
  };
  const keyOf = (given: { key?: string }): string | undefined => (order.by === 'key' ? undefined : given.key);
  const inside = indexed.filter((entry) => {
    const low = from ? compare(entry, { value: from.value, name: keyOf(from) }, from.inclusive ? 1 : -1) : 1;
    const high = to ? compare(entry, { value: to.value, name: keyOf(to) }, to.inclusive ? -1 : 1) : -1;
    return (low > 0 || (low === 0 && from?.inclusive)) && (high < 0 || (high === 0 && to?.inclusive));
  });
  const names = inside.sort((a, b) => compare(a, b, 0)).map(({ name }) => name);
  if (!limit) return names;
  return limit.from === 'first' ? names.slice(0, limit.count) : names.slice(-limit.count);
}

describe('a random query', () => {
  it('chooses the children that the naive model chooses, on nodes, on readers and through overlays', () => {
    fc.assert(
      fc.property(start, changes, query, (before, list, asked) => {
        const after = applyChanges(before, list);
        const expected = naiveQuery(modelOf(after), asked);
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
