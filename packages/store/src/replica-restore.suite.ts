import { BacksideError } from '@backside/protocol';
import { type Change, encodeNode, type Node, nodeFromJson, nodeReader, readNode } from '@backside/tree';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Replica } from './replica.js';
import type { ReplicaFixture } from './replica-fixture.js';
import { commitOf, disjointChanges } from './replica-samples.js';
import { writerOf } from './replica-writer.js';
import { treeEntries } from './tree-entries.js';

/** Starting from a checkpoint of the journal. */
export function replicaRestore(current: () => ReplicaFixture): void {
  restoring(current);
  interrupted(current);
  outlasting(current);
}

function restoring(current: () => ReplicaFixture): void {
  it('restores what the entries say, in place of what it held, and goes on from there', async () => {
    const { replica } = current();
    await replica.reset('epoch-1');
    writerOf(replica).set('/old/child', 1);
    await replica.checkpoint();
    const node = nodeFromJson({ a: { b: 1, c: { '.value': 'x', '.priority': 2 } }, d: true });
    await replica.restore('epoch-2', 70, entriesOf(node));
    expect(replica).toMatchObject({ epoch: 'epoch-2', revision: 70, checkpointed: 70 });
    expect(textOf(replica)).toBe(encodeNode(node, 'export'));
    const writer = writerOf(replica, node);
    writer.set('/a/b', { e: 5 });
    await replica.checkpoint();
    expect(replica.checkpointed).toBe(71);
    expect(textOf(replica)).toBe(encodeNode(writer.model, 'export'));
  });

  it('restores trees of every kind, with entries in any order and cut into batches anyhow', async () => {
    const { replica } = current();
    await fc.assert(
      fc.asyncProperty(
        fc.array(disjointChanges, { maxLength: 8 }),
        fc.infiniteStream(fc.nat(97)),
        async (made, draws) => {
          const writer = writerOf(await emptied(replica));
          for (const changes of made) writer.commit(changes);
          const entries = [...treeEntries(nodeReader(writer.model))].flat();
          const order = entries.map((entry) => ({ entry, rank: draws.next().value as number }));
          order.sort((a, b) => a.rank - b.rank);
          await replica.restore(
            'restored',
            9,
            inBatches(
              order.map(({ entry }) => entry),
              1 + ((draws.next().value as number) % 5),
            ),
          );
          expect(textOf(replica)).toBe(encodeNode(writer.model, 'export'));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('restores a leaf, nothing at all, and a large flat map with a priority', async () => {
    const { replica } = current();
    for (const json of [
      'leaf',
      null,
      { '.priority': 3, ...Object.fromEntries(range(5_000).map((n) => [`k${n}`, n])) },
    ]) {
      const node = nodeFromJson(json);
      await replica.restore('epoch-1', 5, entriesOf(node));
      expect(replica.revision).toBe(5);
      expect(textOf(replica)).toBe(encodeNode(node, 'export'));
    }
  });

  it('answers by its indexes again once they are set', async () => {
    const { replica } = current();
    await replica.reset('epoch-1');
    await replica.setIndexes([{ pattern: ['rows'], by: ['n'] }]);
    const rows = Object.fromEntries(range(500).map((n) => [`r${n}`, { n: (n * 7) % 500, text: 'x'.repeat(20) }]));
    await replica.restore('epoch-2', 1, entriesOf(nodeFromJson({ rows })));
    await replica.setIndexes([{ pattern: ['rows'], by: ['n'] }]);
    const query = { order: { by: 'child', path: ['n'] }, limit: { count: 3, from: 'last' } } as const;
    const { entries, indexed } = replica.query(['rows'], query);
    expect(indexed).toBe(true);
    expect(entries.map(([, node]) => encodeNode(node, 'val'))).toEqual(
      [497, 498, 499].map((n) => `{"n":${n},"text":"${'x'.repeat(20)}"}`),
    );
  });
}

function interrupted(current: () => ReplicaFixture): void {
  it('counts as empty and new while it is restored', async () => {
    const { replica } = current();
    await replica.reset('epoch-1');
    writerOf(replica).set('/old', 1);
    await replica.checkpoint();
    let looked = false;
    async function* watched(): AsyncGenerator<readonly Change[]> {
      yield [{ path: ['a'], value: 1 }];
      await replica.checkpoint();
      expect(replica).toMatchObject({ epoch: null, revision: 0 });
      expect(replica.glance([])).toBeNull();
      looked = true;
      yield [{ path: ['b'], value: 2 }];
    }
    await replica.restore('epoch-2', 4, watched());
    expect(looked).toBe(true);
    expect(textOf(replica)).toBe('{"a":1,"b":2}');
  });

  it('is left empty and new by entries that end in an error, and can be restored then', async (context) => {
    const { replica, reopen } = current();
    await replica.reset('epoch-1');
    writerOf(replica).set('/old', 1);
    await expect(replica.restore('epoch-2', 4, failing())).rejects.toMatchObject({ message: 'the line is cut' });
    expect(replica).toMatchObject({ epoch: null, revision: 0, checkpointed: 0 });
    expect(replica.glance([])).toBeNull();
    await replica.restore('epoch-2', 4, entriesOf(nodeFromJson({ c: 3 })));
    expect(textOf(replica)).toBe('{"c":3}');
    if (!replica.supports.persistent) context.skip('nothing outlives the process');
    await expect(replica.restore('epoch-3', 5, failing())).rejects.toBeInstanceOf(BacksideError);
    const again = await reopen!();
    expect(again).toMatchObject({ epoch: null, revision: 0 });
    await again.reset('epoch-4');
    again.apply([commitOf(1, [{ path: ['d'], value: 4 }])]);
    await again.checkpoint();
    expect(textOf(again)).toBe('{"d":4}');
  });
}

function outlasting(current: () => ReplicaFixture): void {
  it('is found again as it was restored', async (context) => {
    const { replica, reopen } = current();
    if (!replica.supports.persistent) context.skip('nothing outlives the process');
    const node = nodeFromJson({ a: { '.priority': 'p', b: 1 }, c: 'x'.repeat(3_000) });
    await replica.restore('epoch-1', 12, entriesOf(node));
    const again = await reopen!();
    expect(again).toMatchObject({ epoch: 'epoch-1', revision: 12, checkpointed: 12 });
    expect(textOf(again)).toBe(encodeNode(node, 'export'));
  });
}

async function emptied(replica: Replica): Promise<Replica> {
  await replica.reset('made');
  return replica;
}

async function* entriesOf(node: Node): AsyncGenerator<readonly Change[]> {
  yield* treeEntries(nodeReader(node));
}

async function* inBatches(entries: readonly Change[], size: number): AsyncGenerator<readonly Change[]> {
  for (let start = 0; start < entries.length; start += size) yield entries.slice(start, start + size);
}

async function* failing(): AsyncGenerator<readonly Change[]> {
  yield [{ path: ['a', 'b'], value: 1 }];
  yield [{ path: ['a', '.priority'], value: 2 }];
  throw new BacksideError('unavailable', 'the line is cut');
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function textOf(replica: Replica): string {
  return encodeNode(readNode(replica, []), 'export');
}
