import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { encodeNode, readNode } from '@backside/tree';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLmdbCheckpointer, type LmdbCheckpointer } from './checkpointer.js';
import { createLmdbReplica } from './open-replica.js';
import type { LmdbReplica } from './replica.js';
import { scratchFolder } from './scratch.js';
import { scriptedCommits } from './scratch-script.js';

function textOf(replica: LmdbReplica): string {
  return encodeNode(readNode(replica, []), 'export');
}

describe('a follower of a disk that another writes', () => {
  let folder: ReturnType<typeof scratchFolder>;
  let owner: LmdbCheckpointer;
  beforeEach(async () => {
    folder = scratchFolder();
    owner = createLmdbCheckpointer({ directory: folder.directory });
    await owner.reset('epoch-1');
  });
  afterEach(async () => {
    await owner.close();
    folder.remove();
  });

  function follow(): LmdbReplica {
    return createLmdbReplica({ directory: folder.directory, mode: 'follower', pollMs: 5 });
  }

  it('starts where the disk is, refuses a gap, and drops its tail as the disk comes along', async () => {
    owner.enqueue(scriptedCommits(1, 100));
    expect(await owner.checkpoint()).toBe(100);
    const follower = follow();
    expect(follower).toMatchObject({ epoch: 'epoch-1', revision: 100, checkpointed: 100 });
    expect(() => follower.apply(scriptedCommits(102, 110))).toThrow('cannot follow');
    follower.apply(scriptedCommits(101, 300));
    const expected = textOf(follower);
    expect(follower.tailBytes).toBeGreaterThan(0);
    owner.enqueue(scriptedCommits(101, 200));
    await owner.checkpoint();
    await expect.poll(() => follower.checkpointed).toBe(200);
    expect(textOf(follower)).toBe(expected);
    owner.enqueue(scriptedCommits(201, 300));
    await owner.checkpoint();
    await expect.poll(() => follower.tailBytes).toBe(0);
    expect(textOf(follower)).toBe(expected);
    await follower.close();
  });

  it('stays at its own revision while the disk is ahead of it', async () => {
    const follower = follow();
    follower.apply(scriptedCommits(1, 50));
    const expected = textOf(follower);
    owner.enqueue(scriptedCommits(1, 80));
    await owner.checkpoint();
    const another = follow();
    expect(another.revision).toBe(80);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(follower.checkpointed).toBe(0);
    expect(textOf(follower)).toBe(expected);
    await another.close();
    follower.apply(scriptedCommits(51, 80));
    await expect.poll(() => follower.checkpointed).toBe(80);
    await follower.close();
  });

  it('waits for the indexes and the histories that the owner makes', async () => {
    const definitions = [{ pattern: ['rows'], by: ['n'] }];
    const follower = follow();
    const indexed = follower.setIndexes(definitions);
    const reset = follower.reset('epoch-2');
    owner.enqueue(scriptedCommits(1, 500));
    await owner.setIndexes(definitions);
    await indexed;
    await owner.reset('epoch-2');
    await reset;
    expect(follower).toMatchObject({ epoch: 'epoch-2', revision: 0 });
    const query = { order: { by: 'child' as const, path: ['n'] }, limit: { count: 1, from: 'first' as const } };
    expect(follower.query(['rows'], query)).toEqual({ entries: [], indexed: true });
    await follower.close();
  });

  it('says that there is nothing to follow', () => {
    const directory = `${folder.directory}/nowhere`;
    expect(() => createLmdbReplica({ directory, mode: 'follower' })).toThrow('cannot be opened');
  });

  it('follows from another process', async () => {
    owner.enqueue(scriptedCommits(1, 2000));
    await owner.checkpoint();
    const script = fileURLToPath(new URL('./scratch-follow-worker.ts', import.meta.url));
    const child = spawn(
      process.execPath,
      ['--conditions=source', '--import', import.meta.resolve('tsx'), script, folder.directory],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let output = '';
    child.stdout.on('data', (text: Buffer) => {
      output += text;
    });
    await once(child.stdout, 'data');
    for (let revision = 2001; revision <= 4000; revision += 100) {
      owner.enqueue(scriptedCommits(revision, revision + 99));
      await owner.checkpoint();
    }
    await once(child, 'close');
    expect(output.trim().split('\n')).toEqual(['following 2000', 'same true', 'caught up at 4000', 'same true']);
  });
});
