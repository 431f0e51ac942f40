import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { treeEntries } from '@backside/store';
import { type Change, encodeNode, makeMap, type Node, nodeReader, readNode } from '@backside/tree';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLmdbCheckpointer } from './checkpointer.js';
import { openEnvironment } from './environment.js';
import { createLmdbReplica } from './open-replica.js';
import type { LmdbReplica } from './replica.js';
import { commitOf, scratchFolder } from './scratch.js';

describe('restoring a replica on disk', () => {
  let folder: ReturnType<typeof scratchFolder>;
  beforeEach(() => {
    folder = scratchFolder();
  });
  afterEach(() => folder.remove());

  it('leaves an empty and new replica if the process is killed on the way, which can be restored', {
    timeout: 120_000,
  }, async () => {
    const before = createLmdbReplica({ directory: folder.directory });
    await before.restore('old', 3, entriesOf(rows(2_000)));
    await before.close();
    for (const afterMs of [0, 40, 300]) {
      await restoreAndKill(folder.directory, afterMs);
      const replica = createLmdbReplica({ directory: folder.directory });
      expect(replica).toMatchObject({ epoch: null, revision: 0, checkpointed: 0 });
      expect(replica.glance([])).toBeNull();
      await replica.restore('new', 5, entriesOf(rows(3_000)));
      expect(textOf(replica)).toBe(encodeNode(rows(3_000), 'export'));
      await replica.close();
      const again = createLmdbReplica({ directory: folder.directory });
      expect(again).toMatchObject({ epoch: 'new', revision: 5 });
      expect(textOf(again)).toBe(encodeNode(rows(3_000), 'export'));
      await again.close();
    }
  });

  it('gets rid of what a killed process left, without being asked', { timeout: 120_000 }, async () => {
    await restoreAndKill(folder.directory, 0);
    const replica = createLmdbReplica({ directory: folder.directory });
    expect(recordsIn(folder.directory)).toBeGreaterThan(50);
    await expect.poll(() => recordsIn(folder.directory), { timeout: 60_000 }).toBe(0);
    await replica.reset('epoch-1');
    replica.apply([commitOf(1, [{ path: ['a'], value: 1 }])]);
    await replica.checkpoint();
    expect(textOf(replica)).toBe('{"a":1}');
    await replica.close();
  });

  it('is done by a process that does not read, for those that follow it', async () => {
    const owner = createLmdbCheckpointer({ directory: folder.directory });
    await owner.reset('old');
    owner.enqueue([commitOf(1, [{ path: ['old'], value: 1 }])]);
    await owner.checkpoint();
    const follower = createLmdbReplica({ directory: folder.directory, mode: 'follower', pollMs: 5 });
    expect(textOf(follower)).toBe('{"old":1}');
    let unread = true;
    const following = follower.restore(
      'new',
      40,
      watched(() => {
        unread = false;
      }),
    );
    await owner.restore('new', 40, entriesOf(rows(500)));
    await following;
    expect(unread).toBe(true);
    expect([owner.epoch, owner.revision, follower.epoch, follower.revision]).toEqual(['new', 40, 'new', 40]);
    owner.enqueue([commitOf(41, [{ path: ['later'], value: 1 }])]);
    follower.apply([commitOf(41, [{ path: ['later'], value: 1 }])]);
    expect(await owner.checkpoint()).toBe(41);
    await expect.poll(() => follower.checkpointed, { timeout: 10_000 }).toBe(41);
    expect(follower.glance(['rows', 'r499'])).toBe(499);
    await follower.close();
    await owner.close();
  });

  it('lets those who read the old tree read it to its end', async () => {
    const replica = createLmdbReplica({ directory: folder.directory });
    await replica.restore('old', 3, entriesOf(rows(5_000)));
    const stream = replica.streamJson([], 'export');
    const begin = stream.next().value as Uint8Array;
    await replica.restore('new', 5, entriesOf(makeMap([['a', 1]])));
    expect(Buffer.concat([begin, ...stream]).toString()).toBe(encodeNode(rows(5_000), 'export'));
    expect(textOf(replica)).toBe('{"a":1}');
    await replica.close();
  });
});

function rows(count: number): Node {
  return makeMap([
    [
      'rows',
      makeMap(
        Array.from({ length: count }, (_, row) => [`r${row}`, row]),
        'p',
      ),
    ],
  ]);
}

async function* entriesOf(node: Node): AsyncGenerator<readonly Change[]> {
  yield* treeEntries(nodeReader(node));
}

async function* watched(read: () => void): AsyncGenerator<readonly Change[]> {
  read();
  yield [];
}

function textOf(replica: LmdbReplica): string {
  return encodeNode(readNode(replica, []), 'export');
}

function recordsIn(directory: string): number {
  const environment = openEnvironment(directory, 'reader');
  environment.root.resetReadTxn();
  return [...environment.nodes.getKeys({ start: { id: 0, key: '' }, limit: 1000 })].length;
}

const HERE = fileURLToPath(new URL('.', import.meta.url));
const NODE = ['--conditions=source', '--import', import.meta.resolve('tsx')];

/** Has a process restore until it is killed, so many milliseconds after it has begun to write. */
async function restoreAndKill(directory: string, afterMs: number): Promise<void> {
  const child = spawn(process.execPath, [...NODE, `${HERE}scratch-restore-worker.ts`, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  await setTimeout(afterMs);
  child.kill('SIGKILL');
  await once(child, 'close');
}
