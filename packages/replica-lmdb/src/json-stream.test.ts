import { applyChanges, type Change, encodeNode, getAt, makeMap, type Node, type Path } from '@backside/tree';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEnvironment } from './environment.js';
import { SnapshotReplica } from './replica.js';
import { commitOf, scratchFolder } from './scratch.js';
import { anyChanges, anyKey, anyNode, anyPriority, mapsOf } from './scratch-data.js';
import { SteppedDisk } from './scratch-disk.js';

const arrayKeys = fc.constantFrom('0', '1', '2', '3', '5', '9', '07');

/** Trees with maps that the `val` form shows as arrays, or nearly so. */
const tree: fc.Arbitrary<Node> = fc
  .array(
    fc.tuple(
      fc.oneof(anyKey, arrayKeys),
      fc.oneof(
        anyNode,
        fc.array(fc.tuple(arrayKeys, anyNode)).map((entries) => makeMap(entries)),
      ),
    ),
    {
      minLength: 3,
      maxLength: 10,
    },
  )
  .map((entries) => makeMap(entries));

/** Changes just below the root and one level further, where the trees above have something to be changed. */
const nearChange: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ path: fc.array(fc.oneof(anyKey, arrayKeys), { minLength: 1, maxLength: 2 }), value: fc.option(anyNode) }),
  fc.record({ path: fc.array(arrayKeys, { maxLength: 2 }).map((path) => [...path, '.priority']), value: anyPriority }),
);

describe('a stream of JSON text', () => {
  let folder: ReturnType<typeof scratchFolder>;
  let replica: SnapshotReplica;
  let disk: SteppedDisk;
  beforeEach(() => {
    folder = scratchFolder();
    const environment = openEnvironment(folder.directory, 'owner');
    disk = new SteppedDisk(environment, 12);
    replica = new SnapshotReplica(environment, disk);
  });
  afterEach(async () => {
    await replica.close();
    folder.remove();
  });

  function commit(model: Node, changes: readonly Change[]): Node {
    replica.apply([commitOf(replica.revision + 1, changes)]);
    return applyChanges(model, changes);
  }

  function toDisk(): void {
    disk.write(Number.POSITIVE_INFINITY);
    replica.advance();
  }

  function textOf(path: Path, format: 'val' | 'export'): string {
    return Buffer.concat([...replica.streamJson(path, format)]).toString();
  }

  it('is what the tree package writes, whatever the disk and the tail hold of it', async () => {
    const tails = fc.array(
      fc.oneof(
        nearChange.map((change) => [change]),
        anyChanges,
      ),
      { maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(tree, tails, async (stored, tail) => {
        await replica.reset('next');
        let model = commit(null, [{ path: [], value: stored }]);
        toDisk();
        for (const changes of tail) model = commit(model, changes);
        for (const [path] of [...mapsOf(model), [[]] as [Path]]) {
          for (const format of ['val', 'export'] as const) {
            expect(textOf(path, format)).toBe(encodeNode(getAt(model, path), format));
          }
        }
      }),
      { numRuns: 400 },
    );
  });

  it('takes long keys, long leaves and every kind of character across the bounds of chunks', () => {
    const wide = makeMap(
      Array.from({ length: 3000 }, (_, index) => [
        `${'é"\\😀k'.repeat(index % 40)}${index}`,
        '€😀x'.repeat(index % 300),
      ]),
    );
    const model = commit(null, [
      { path: ['wide'], value: wide },
      { path: ['long'], value: 'ö'.repeat(300_000) },
    ]);
    toDisk();
    expect(textOf([], 'val')).toBe(encodeNode(model, 'val'));
    const sizes = [...replica.streamJson([], 'val')].map(({ length }) => length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(64 * 1024);
  });

  it('is not disturbed by reads, commits and checkpoints between its chunks', () => {
    const rows = (prefix: string): Node =>
      makeMap(Array.from({ length: 4000 }, (_, index) => [`${prefix}${index}`, `${'x'.repeat(50)}${prefix}${index}`]));
    let model = commit(null, [
      { path: ['a'], value: rows('a') },
      { path: ['b'], value: rows('b') },
    ]);
    toDisk();
    const between = Array.from({ length: 1000 }, (_, index) => ({
      path: ['a', `a${index}+`],
      value: 'y'.repeat(index),
    }));
    model = commit(model, [{ path: ['a', 'a77'], value: 'changed' }, { path: ['b', 'zz'], value: 1 }, ...between]);
    const expected = encodeNode(model, 'export');
    const stream = replica.streamJson([], 'export');
    const chunks: Uint8Array[] = [];
    for (const chunk of stream) {
      chunks.push(Buffer.from(chunk));
      model = commit(model, [
        { path: ['a', `a${chunks.length}`], value: null },
        { path: ['c'], value: chunks.length },
      ]);
      toDisk();
      replica.glance(['b', 'b5']);
    }
    expect(chunks.length).toBeGreaterThan(5);
    expect(Buffer.concat(chunks).toString()).toBe(expected);
    expect(textOf([], 'export')).toBe(encodeNode(model, 'export'));
  });

  it('leaves reads as they were, however many streams and commits come between two checkpoints', () => {
    const open: IterableIterator<Uint8Array>[] = [];
    for (let count = 0; count < 20_000; count++) {
      commit(null, [{ path: ['few', `k${count % 100}`], value: count }]);
      open.push(replica.streamJson(['few'], 'val'));
      if (open.length > 3) open.shift()!.return!();
    }
    expect(textOf(['few', 'k99'], 'val')).toBe('19999');
    expect(Buffer.concat([...open[0]!]).toString()).toContain('"k97":19997,"k98":19898');
  });
});
