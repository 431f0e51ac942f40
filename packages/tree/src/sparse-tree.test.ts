import { describe, expect, it } from 'vitest';
import { BigMap } from './big-map.js';
import { encodeNode } from './encode.js';
import { type Json, nodeFromJson } from './json.js';
import { MapNode, makeMap, type Node } from './node.js';
import { parseQuery } from './query-json.js';
import { readQuery } from './read-query.js';
import { hasChildren, nodeReader, readLeaf, readNode, readPriority, type TreeReader } from './reader.js';
import { layered, SparseTree } from './sparse-tree.js';
import { sortedText } from './testing/sorted-text.js';

const COUNT = 20_000;
const WIDE = makeMap(Array.from({ length: COUNT }, (_, index): [string, Node] => [`k${index}`, index]));

/** Hands out every map as a `BigMap`, and counts what it is asked for. */
class CountingReader implements TreeReader {
  glances = 0;
  entries = 0;
  readonly #inner: TreeReader;

  constructor(node: Node) {
    this.#inner = nodeReader(node);
  }

  glance(path: readonly string[]): Node | BigMap {
    this.glances++;
    return conceal(this.#inner.glance(path));
  }

  *children(path: readonly string[], range?: object): Generator<[string, Exclude<Node, null> | BigMap]> {
    for (const [key, child] of this.#inner.children(path, range)) {
      this.entries++;
      yield [key, conceal(child)];
    }
  }
}

function conceal<Seen>(seen: Seen): Seen | BigMap {
  return seen instanceof MapNode ? new BigMap(seen.priority) : seen;
}

function overlayOn(base: TreeReader, changes: readonly [string, Json][]): SparseTree {
  const overlay = new SparseTree();
  for (const [path, json] of changes) {
    const keys = path.split('/').filter((key) => key !== '');
    overlay.apply({ path: keys, value: nodeFromJson(json) }, base);
  }
  return overlay;
}

const seen = (reader: TreeReader): string => encodeNode(readNode(reader, []), 'export');

describe('an overlay over a wide map', () => {
  it('removes it without looking at its children', () => {
    const base = new CountingReader(
      makeMap([
        ['wide', WIDE],
        ['other', 1],
      ]),
    );
    const overlay = overlayOn(base, [['wide', null]]);
    expect(base.entries).toBeLessThan(5);
    expect(overlay.size).toBe(2);
    expect(seen(overlay.over(base))).toBe('{"other":1}');
  });

  it('changes one of its children without looking at the others', () => {
    const base = new CountingReader(makeMap([['wide', WIDE]]));
    const overlay = overlayOn(base, [
      ['wide/k5', 'new'],
      ['wide/k7', null],
      ['wide/zz/x', 1],
    ]);
    expect(base.entries).toBeLessThan(5);
    expect(base.glances).toBeLessThan(10);
    expect([...overlay.touchedChildren(['wide'])]).toEqual(['k5', 'k7', 'zz']);
    const view = overlay.over(base);
    expect(view.glance(['wide'])).toBeInstanceOf(BigMap);
    expect(readLeaf(view, ['wide', 'k5'])).toBe('new');
    expect(readLeaf(view, ['wide', 'k7'])).toBeNull();
    expect(readLeaf(view, ['wide', 'k8'])).toBe(8);
  });

  it('answers a limited query in key order from a few entries', () => {
    const base = new CountingReader(makeMap([['wide', WIDE]]));
    const overlay = overlayOn(base, [
      ['wide/k9999', null],
      ['wide/k9997', 'new'],
      ['wide/k99981', 'between'],
    ]);
    base.entries = 0;
    const query = parseQuery({ orderBy: '$key', limitToLast: 3 });
    expect(readQuery(overlay.over(base), ['wide'], query)).toEqual([
      ['k9997', 'new'],
      ['k9998', 9998],
      ['k99981', 'between'],
    ]);
    expect(base.entries).toBeLessThan(10);
  });

  it('finds as many as are asked for behind those that it hides', () => {
    const base = new CountingReader(makeMap([['wide', WIDE]]));
    const overlay = overlayOn(base, [
      ['wide/k0', null],
      ['wide/k1', null],
      ['wide/k10', null],
    ]);
    base.entries = 0;
    const query = parseQuery({ orderBy: '$key', limitToFirst: 2 });
    expect(readQuery(overlay.over(base), ['wide'], query).map(([key]) => key)).toEqual(['k100', 'k1000']);
    expect(base.entries).toBeLessThan(10);
  });

  it.each([
    ['from the first', (index: number): number => index],
    ['from the last', (index: number): number => COUNT - 1 - index],
    ['in any order', (index: number): number => (index * 7919) % COUNT],
  ])('sees all children go one by one, %s, in one walk over them', (_, order) => {
    const base = new CountingReader(makeMap([['wide', WIDE]]));
    const overlay = new SparseTree();
    for (let i = 0; i < COUNT; i++) {
      expect(overlay.over(base).glance(['wide'])).not.toBeNull();
      overlay.apply({ path: ['wide', `k${order(i)}`], value: null }, base);
    }
    expect(overlay.over(base).glance([])).toBeNull();
    expect(base.entries).toBeLessThan(2.1 * COUNT);
    expect(overlay.touchedChildren([])).toBe('all');
    expect(overlay.size).toBe(1);
  });
});

describe('an overlay as a whole tree', () => {
  const nothing = nodeReader(null);

  it('does not copy a wide map for each change below it', () => {
    const overlay = new SparseTree();
    overlay.apply({ path: ['wide'], value: WIDE }, nothing);
    const view = overlay.over(nothing);
    for (let i = 0; i < COUNT; i++) overlay.apply({ path: ['wide', `k${i}`, 'x'], value: -i }, nothing);
    expect(readLeaf(view, ['wide', 'k77', 'x'])).toBe(-77);
    expect((WIDE as MapNode).children.get('k77')).toBe(77);
    expect(overlay.size).toBe(2 * COUNT + 2);
    overlay.apply({ path: ['wide', 'new', 'x'], value: 1 }, nothing);
    expect(overlay.size).toBe(2 * COUNT + 4);
    overlay.apply({ path: ['wide', 'new'], value: null }, nothing);
    overlay.apply({ path: ['wide', 'k0', 'x'], value: null }, nothing);
    expect(overlay.size).toBe(2 * COUNT);
  });

  it('opens a wide map when something below it changes, and copies a small one', () => {
    const overlay = overlayOn(nothing, [['small', { a: 1, b: { c: 2 } }]]);
    overlay.apply({ path: ['wide'], value: WIDE }, nothing);
    const view = overlay.over(nothing);
    expect(view.glance(['wide'])).toBe(WIDE);
    overlay.apply({ path: ['wide', 'k5', 'x'], value: 1 }, nothing);
    overlay.apply({ path: ['small', 'b', 'd'], value: 3 }, nothing);
    expect(view.glance(['wide'])).toBeInstanceOf(BigMap);
    expect(view.glance(['small'])).toBeInstanceOf(MapNode);
  });

  it('keeps ordered walks right while keys come and go', () => {
    const overlay = overlayOn(nothing, []);
    const view = overlay.over(nothing);
    const last = parseQuery({ orderBy: '$key', limitToLast: 2 });
    for (let i = 0; i < 2000; i++) {
      overlay.apply({ path: ['list', String(i)], value: i }, nothing);
      if (i % 3 === 2) overlay.apply({ path: ['list', String(i - 1)], value: null }, nothing);
      const keys = readQuery(view, ['list'], last).map(([key]) => Number(key));
      expect(keys.at(-1)).toBe(i);
    }
    const ranged = view.children(['list'], { start: '30', end: '36', endExclusive: true });
    expect(Array.from(ranged, ([key]) => key)).toEqual(['30', '32', '33', '35']);
  });

  it('counts what it holds, and nothing when it is empty again', () => {
    const overlay = overlayOn(nothing, [
      ['a/b', 1],
      ['a/c', { d: 2 }],
    ]);
    expect(overlay.size).toBe(5);
    expect(overlay.isEmpty()).toBe(false);
    overlay.clear();
    expect(overlay.size).toBe(0);
    expect(overlay.isEmpty()).toBe(true);
    expect(overlay.over(nothing).glance([])).toBeNull();
  });
});

describe('an overlay', () => {
  const base = nodeReader(
    nodeFromJson({ a: { b: { c: 1, '.priority': 1 }, '.priority': 2 }, leaf: { '.value': 1, '.priority': 3 } }),
  );

  it('is empty as long as nothing changes', () => {
    const overlay = overlayOn(base, [
      ['x', null],
      ['leaf/y', null],
      ['x/.priority', 5],
      ['a/b/z/q', null],
    ]);
    expect(overlay.isEmpty()).toBe(true);
    expect(overlay.over(base).glance(['a'])).toBe(base.glance(['a']));
  });

  it('does not bring an old priority back with a new child', () => {
    const view = overlayOn(base, [
      ['a/b/c', null],
      ['a/b/c', 2],
    ]).over(base);
    expect(readPriority(view, ['a'])).toBeNull();
    expect(readPriority(view, ['a', 'b'])).toBeNull();
  });

  it('keeps the priority of a leaf that becomes a map', () => {
    const overlay = overlayOn(base, [['leaf/x/y', 9]]);
    expect(seen(overlay.over(base))).toContain('"leaf":{"x":{"y":9},".priority":3}');
    expect(hasChildren(overlay.over(base), ['leaf'])).toBe(true);
  });

  it('changes and shows priorities of maps that it does not hold', () => {
    const overlay = overlayOn(base, [
      ['a/.priority', 'new'],
      ['a/b/.priority', null],
    ]);
    const view = overlay.over(base);
    expect(readPriority(view, ['a'])).toBe('new');
    expect(view.glance(['a', 'b'])).toEqual(new BigMap(null));
    expect(readLeaf(view, ['a', '.priority'])).toBe('new');
    expect(readNode(view, ['a', '.priority'])).toBe('new');
    expect([...view.children(['a'])]).toEqual([['b', new BigMap(null)]]);
  });

  it('says which children it touches', () => {
    const overlay = overlayOn(base, [
      ['a/b/d', 1],
      ['new/x', 1],
    ]);
    expect([...overlay.touchedChildren([])]).toEqual(['a', 'new']);
    expect([...overlay.touchedChildren(['a', 'b'])]).toEqual(['d']);
    expect(overlay.touchedChildren(['new'])).toBe('all');
    expect(overlay.touchedChildren(['a', 'b', 'd', 'deeper'])).toBe('all');
    expect(overlay.touchedChildren(['leaf'])).toEqual([]);
  });

  it('tells its changes as disjoint ones, removals after additions, priorities last', () => {
    const overlay = overlayOn(base, [
      ['a/.priority', 7],
      ['leaf', null],
      ['a/b/d', { x: 1 }],
      ['a/b/c', null],
      ['a/b/d/y', 2],
    ]);
    const told = overlay.changes().map(({ path, value }) => [path.join('/'), JSON.parse(encodeNode(value, 'export'))]);
    expect(told).toEqual([
      ['a/b/d', { x: 1, y: 2 }],
      ['a/b/c', null],
      ['leaf', null],
      ['a/.priority', 7],
    ]);
  });

  it('refuses a priority that is none and stays as it was', () => {
    const overlay = overlayOn(base, [['a/b/c', 5]]);
    const before = seen(overlay.over(base));
    expect(() => overlay.apply({ path: ['a', '.priority'], value: true }, base)).toThrow('a priority is');
    expect(seen(overlay.over(base))).toBe(before);
  });

  it('lies under others', () => {
    const below = overlayOn(base, [['a/b/c', null]]);
    const above = overlayOn(below.over(base), [
      ['a/b/c', 'again'],
      ['leaf', null],
    ]);
    const view = layered(base, below, above);
    expect(sortedText(JSON.parse(seen(view)))).toBe('{"a":{"b":{"c":"again"}}}');
    expect(layered(base)).toBe(base);
  });
});
