import {
  BigMap,
  encodeNode,
  type KeyRange,
  nodeFromJson,
  nodeReader,
  nodesEqual,
  type Path,
  readNode,
  type TreeReader,
} from '@backside/tree';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Replica } from './replica.js';
import { commitOf, disjointChanges, keys } from './replica-samples.js';
import { writerOf } from './replica-writer.js';

/** What is seen of the tree, at once and exactly. */
export function replicaReads(replica: () => Replica): void {
  it('is empty at first', () => {
    expect(replica()).toMatchObject({ epoch: null, revision: 0, checkpointed: 0 });
    expect(replica().glance([])).toBeNull();
    expect([...replica().children([])]).toEqual([]);
  });

  it('shows commits as soon as they are applied', () => {
    const writer = writerOf(replica());
    writer.set('/a/b', 1);
    expect(replica().revision).toBe(1);
    expect(replica().glance(['a', 'b'])).toBe(1);
    writer.set('/a', { b: 2, c: { '.value': 3, '.priority': 4 } });
    expectTree(replica(), '{"a":{"b":2,"c":{".value":3,".priority":4}}}');
  });

  it('refuses a gap, a repetition and a gap inside a list, and stands where it stood before the wrong one', () => {
    writerOf(replica()).set('/a', 1);
    const change = (value: number): { path: Path; value: number }[] => [{ path: ['a'], value }];
    expect(() => replica().apply([commitOf(3, change(3))])).toThrow(expect.objectContaining({ code: 'internal' }));
    expect(() => replica().apply([commitOf(1, change(1))])).toThrow(expect.objectContaining({ code: 'internal' }));
    expect(() => replica().apply([commitOf(2, change(2)), commitOf(4, change(4))])).toThrow(
      expect.objectContaining({ code: 'internal' }),
    );
    const { revision } = replica();
    expect([1, 2]).toContain(revision);
    expect(replica().glance(['a'])).toBe(revision);
  });

  it('keeps priorities of leaves and maps, and drops them with their node', () => {
    const writer = writerOf(replica());
    writer.set('/m', { '.priority': 5, x: 1 });
    writer.set('/m/x/.priority', 'low');
    writer.set('/absent/.priority', 3);
    expectTree(replica(), '{"m":{"x":{".value":1,".priority":"low"},".priority":5}}');
    writer.set('/m/x', 2);
    expectTree(replica(), '{"m":{"x":2,".priority":5}}');
    writer.set('/m/.priority', null);
    expectTree(replica(), '{"m":{"x":2}}');
  });

  it('turns leaves into maps, keeping their priority, and maps into leaves', () => {
    const writer = writerOf(replica());
    writer.set('/n', { '.value': 'leaf', '.priority': 1 });
    writer.set('/n/deep/er', true);
    expectTree(replica(), '{"n":{"deep":{"er":true},".priority":1}}');
    writer.set('/n', 'leaf again');
    expectTree(replica(), '{"n":"leaf again"}');
    expect(replica().glance(['n', 'deep'])).toBeNull();
    expect([...replica().children(['n'])]).toEqual([]);
  });

  it('removes parents that a removal empties, with their priorities', () => {
    const writer = writerOf(replica());
    writer.set('/a', { '.priority': 1, b: { '.priority': 2, c: { '.priority': 3, d: 1 } }, keep: 1 });
    writer.set('/a/b/c/d', null);
    expectTree(replica(), '{"a":{"keep":1,".priority":1}}');
    writer.set('/a/keep', null);
    expect(replica().glance([])).toBeNull();
    writer.set('/a/b/x', 1);
    expectTree(replica(), '{"a":{"b":{"x":1}}}');
  });

  it('walks children in key order, within any range, in both directions, with a limit', () => {
    const names = ['-7', '0', '00', '2', '10', '2147483648', 'A', 'a', 'é', '😀', '\uffee', '__proto__', 'z z'];
    writerOf(replica()).commit(names.map((key, index) => ({ path: ['m', key], value: index })));
    const reference = nodeReader(readNode(replica(), []));
    for (const range of rangesOver(names)) {
      expect(entriesOf(replica(), ['m'], range)).toEqual(entriesOf(reference, ['m'], range));
    }
  });

  it('walks many children, and stops when asked', () => {
    const add = Array.from({ length: 5000 }, (_, index) => ({ path: ['list', `k${index}`], value: index }));
    replica().apply([commitOf(1, add)]);
    expect([...replica().children(['list'])].map(([key]) => key)).toEqual(
      Array.from({ length: 5000 }, (_, index) => `k${index}`).sort(),
    );
    for (const [key] of replica().children(['list'], { start: 'k42', limit: 10 })) {
      expect(key).toBe('k42');
      break;
    }
    const remove = add.filter(({ value }) => value % 1000 !== 0).map(({ path }) => ({ path, value: null }));
    replica().apply(remove.map((change, index) => commitOf(2 + index, [change])));
    expect([...replica().children(['list'])].map(([key]) => key)).toEqual(['k0', 'k1000', 'k2000', 'k3000', 'k4000']);
  });

  it('holds the longest keys at the greatest depth', () => {
    const long = (letter: string): string => `${'é'.repeat(383)}${letter}x`;
    const path = Array.from({ length: 31 }, (_, depth) => long(String.fromCharCode(0x61 + (depth % 26))));
    const writer = writerOf(replica());
    writer.commit([{ path: [...path, long('A')], value: 1 }]);
    writer.commit([{ path: [...path, long('B')], value: 2 }]);
    expect(replica().glance([...path, long('A')])).toBe(1);
    expect([...replica().children(path)]).toEqual([
      [long('A'), 1],
      [long('B'), 2],
    ]);
    writer.commit([{ path: [...path, long('A')], value: null }]);
    expect(nodesEqual(readNode(replica(), []), writer.model)).toBe(true);
  });

  it('holds a leaf of several megabytes', () => {
    const text = 'ü'.repeat(2 * 1024 * 1024);
    const writer = writerOf(replica());
    writer.commit([{ path: ['big'], value: text }]);
    expect(replica().glance(['big']) === text).toBe(true);
  });

  it('equals the tree of the tree package after any commits', async () => {
    await replica().reset('epoch-of-the-random-run');
    const writer = writerOf(replica());
    const commits = fc.array(disjointChanges, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(commits, fc.array(keys, { maxLength: 3 }), (list, path) => {
        for (const changes of list) writer.commit(changes);
        expect(encodeNode(readNode(replica(), []), 'export')).toBe(encodeNode(writer.model, 'export'));
        expect(entriesOf(replica(), path, {})).toEqual(entriesOf(nodeReader(writer.model), path, {}));
      }),
      { numRuns: 150 },
    );
  });
}

function expectTree(reader: TreeReader, exported: string): void {
  expect(encodeNode(readNode(reader, []), 'export')).toBe(encodeNode(nodeFromJson(JSON.parse(exported)), 'export'));
}

/** The children in the range, with what stands at each. */
function entriesOf(reader: TreeReader, path: Path, range: KeyRange): [string, string][] {
  return Array.from(reader.children(path, range), ([key, child]) => {
    const whole = child instanceof BigMap ? readNode(reader, [...path, key]) : child;
    return [key, encodeNode(whole, 'export')];
  });
}

/** Every pair of bounds out of the keys and some between them. */
function rangesOver(names: readonly string[]): KeyRange[] {
  const bounds = [undefined, ...names, '5', 'm', '~'];
  const ranges: KeyRange[] = [];
  for (const start of bounds) {
    for (const end of bounds) {
      const both = { ...(start !== undefined && { start }), ...(end !== undefined && { end }) };
      ranges.push(
        both,
        { ...both, reverse: true, limit: 3 },
        { ...both, startExclusive: true, endExclusive: true, limit: 2 },
      );
    }
  }
  return ranges;
}
