import { encodeNode, type Format, getAt, type Path } from '@backside/tree';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Replica } from './replica.js';
import { disjointChanges, paths } from './replica-samples.js';
import { type ReplicaWriter, writerOf } from './replica-writer.js';

/** Subtrees as JSON text. */
export function replicaStreams(replica: () => Replica): void {
  it('streams absence, leaves and maps', () => {
    const writer = writerOf(replica());
    expect(textOf(replica(), [], 'val')).toBe('null');
    writer.set('/', {
      leaf: { '.value': 'é"', '.priority': 2 },
      map: { '.priority': 'p', ['__proto__']: 1, b: { c: true } },
    });
    for (const path of [[], ['leaf'], ['map'], ['map', 'b'], ['absent']]) expectSameText(replica(), writer, path);
  });

  it('shows maps as arrays exactly where the tree package does', () => {
    const writer = writerOf(replica());
    writer.set('/', {
      full: [1, [2, 3], { x: 4 }],
      sparse: { 0: 1, 9: 2 },
      half: { 1: 'a', 3: 'b' },
      mixed: { 0: 1, a: 2 },
      padded: { '00': 1 },
    });
    expectSameText(replica(), writer, []);
    writer.commit(Array.from({ length: 3000 }, (_, index) => ({ path: ['large', String(index)], value: index })));
    expectSameText(replica(), writer, ['large']);
    writer.commit([
      { path: ['large', '4'], value: null },
      { path: ['large', '2999'], value: null },
    ]);
    expectSameText(replica(), writer, ['large']);
    writer.set('/large/x', 1);
    expectSameText(replica(), writer, ['large']);
  });

  it('streams a large subtree in several chunks', () => {
    const writer = filled(replica());
    const chunks = [...replica().streamJson([], 'export')];
    expect(chunks.length).toBeGreaterThan(3);
    expect(Buffer.concat(chunks).toString()).toBe(encodeNode(writer.model, 'export'));
  });

  it('streams the state at the call, whatever is applied before, between and after the chunks', () => {
    const writer = filled(replica());
    const before = encodeNode(writer.model, 'val');
    const first = replica().streamJson([], 'val');
    writer.set('/rows/b1/r10', null);
    const between = encodeNode(writer.model, 'val');
    const second = replica().streamJson([], 'val');
    const chunks = [first.next().value as Uint8Array];
    writer.set('/rows/b9/r499', { changed: true });
    writer.set('/', { all: 'new' });
    expect(Buffer.concat([...second]).toString()).toBe(between);
    expect(Buffer.concat([...chunks, ...first]).toString()).toBe(before);
    expectSameText(replica(), writer, []);
  });

  it('goes on as usual after streams that were given up', () => {
    const writer = filled(replica());
    const begun = replica().streamJson([], 'val');
    const unbegun = replica().streamJson([], 'val');
    begun.next();
    writer.set('/rows/b0/r1', 'x');
    begun.return?.();
    unbegun.return?.();
    expect(begun.next().done).toBe(true);
    expect(unbegun.next().done).toBe(true);
    writer.set('/rows/b0/r2', 'y');
    expectSameText(replica(), writer, []);
  });

  it('equals the text of the tree package for any tree', async () => {
    await replica().reset('epoch-of-the-random-run');
    const writer = writerOf(replica());
    fc.assert(
      fc.property(disjointChanges, paths, (changes, path) => {
        writer.commit(changes);
        expectSameText(replica(), writer, path);
      }),
      { numRuns: 150 },
    );
  });
}

/** About a megabyte in 5,000 rows. */
function filled(replica: Replica): ReplicaWriter {
  const writer = writerOf(replica);
  for (let block = 0; block < 10; block++) {
    const rows = Array.from({ length: 500 }, (_, index) => [`r${index}`, { text: 'ä'.repeat(80) + index }]);
    writer.set(`/rows/b${block}`, Object.fromEntries(rows));
  }
  return writer;
}

function expectSameText(replica: Replica, writer: ReplicaWriter, path: Path): void {
  const node = getAt(writer.model, path);
  for (const format of ['val', 'export'] as const) expect(textOf(replica, path, format)).toBe(encodeNode(node, format));
}

function textOf(replica: Replica, path: Path, format: Format): string {
  return Buffer.concat([...replica.streamJson(path, format)]).toString();
}
