import { encodeNode, readNode } from '@backside/tree';
import { expect, it, type TestContext } from 'vitest';
import type { Replica } from './replica.js';
import type { ReplicaFixture } from './replica-fixture.js';
import { commitOf } from './replica-samples.js';
import { writerOf } from './replica-writer.js';

/** Revisions, checkpoints, other processes, new histories. */
export function replicaHistory(current: () => ReplicaFixture): void {
  it('reports a checkpoint that has come as far as the revision at the call', async () => {
    const { replica } = current();
    await replica.reset('epoch-1');
    const writer = writerOf(replica);
    for (let index = 0; index < 50; index++) writer.set(`/k${index}`, index);
    expect(await replica.checkpoint()).toBe(50);
    expect(replica.checkpointed).toBe(50);
    expect(replica.revision).toBe(50);
  });

  it('never claims more on disk than it has applied, and reads on while it moves', async () => {
    const { replica } = current();
    await replica.reset('epoch-1');
    const writer = writerOf(replica);
    for (let round = 0; round < 20; round++) {
      for (let index = 0; index < 100; index++) writer.set(`/r${index % 17}/k${index}`, { round, index });
      const checkpoint = replica.checkpoint();
      writer.set('/r3', null);
      expect(textOf(replica)).toBe(encodeNode(writer.model, 'export'));
      expect(await checkpoint).toBeGreaterThanOrEqual(replica.revision - 1);
      expect(replica.checkpointed).toBeLessThanOrEqual(replica.revision);
      expect(textOf(replica)).toBe(encodeNode(writer.model, 'export'));
    }
  });

  it('starts a new history empty', async () => {
    const { replica } = current();
    await replica.reset('epoch-1');
    writerOf(replica).set('/a/b', 1);
    await replica.checkpoint();
    await replica.reset('epoch-2');
    expect(replica).toMatchObject({ epoch: 'epoch-2', revision: 0, checkpointed: 0 });
    expect(replica.glance([])).toBeNull();
    replica.apply([commitOf(1, [{ path: ['a', 'c'], value: 2 }])]);
    expect(textOf(replica)).toBe('{"a":{"c":2}}');
  });

  it('is found again at its checkpoint', async (context) => {
    const { replica, reopen } = current();
    if (skipUnlessPersistent(context, replica)) return;
    await replica.reset('epoch-1');
    const writer = writerOf(replica);
    for (let index = 0; index < 300; index++) writer.set(`/k${index % 70}/v`, { '.value': index, '.priority': index });
    await replica.checkpoint();
    const again = await reopen!();
    expect(again.epoch).toBe('epoch-1');
    expect(again.revision).toBe(300);
    expect(again.checkpointed).toBe(300);
    expect(textOf(again)).toBe(encodeNode(writer.model, 'export'));
  });

  it('goes on from its checkpoint with the commits that followed', async (context) => {
    const { replica, reopen } = current();
    if (skipUnlessPersistent(context, replica)) return;
    await replica.reset('epoch-1');
    const commits = Array.from({ length: 100 }, (_, index) =>
      commitOf(index + 1, [{ path: ['k', `c${index % 9}`], value: index }]),
    );
    replica.apply(commits.slice(0, 60));
    await replica.checkpoint();
    replica.apply(commits.slice(60));
    const expected = textOf(replica);
    const again = await reopen!();
    expect(again.revision).toBeGreaterThanOrEqual(60);
    again.apply(commits.slice(again.revision));
    expect(textOf(again)).toBe(expected);
  });

  it('is found empty again after a reset', async (context) => {
    const { replica, reopen } = current();
    if (skipUnlessPersistent(context, replica)) return;
    await replica.reset('epoch-1');
    writerOf(replica).set('/a', 1);
    await replica.checkpoint();
    await replica.reset('epoch-2');
    const again = await reopen!();
    expect(again).toMatchObject({ epoch: 'epoch-2', revision: 0 });
    expect(again.glance([])).toBeNull();
  });
}

function textOf(replica: Replica): string {
  return encodeNode(readNode(replica, []), 'export');
}

function skipUnlessPersistent(context: TestContext, replica: Replica): boolean {
  if (!replica.supports.persistent) context.skip('nothing outlives the process');
  return !replica.supports.persistent;
}
