import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Commit } from '@backside/protocol';
import { applyChanges, encodeNode, makeMap, type Node, readNode } from '@backside/tree';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLmdbCheckpointer } from './checkpointer.js';
import { openEnvironment, readMeta } from './environment.js';
import { FORMAT_VERSION } from './meta.js';
import { createLmdbReplica } from './open-replica.js';
import type { LmdbReplica } from './replica.js';
import { commitOf, scratchFolder } from './scratch.js';
import { scriptedChanges, scriptedCommit, scriptedCommits } from './scratch-script.js';

function textOf(replica: LmdbReplica): string {
  return encodeNode(readNode(replica, []), 'export');
}

/** The tree that the scripted history makes. */
class ScriptedTree {
  revision = 0;
  #tree: Node = null;

  /** The tree after `revision`, which must not be before the last one asked for. */
  at(revision: number): string {
    while (this.revision < revision) this.#tree = applyChanges(this.#tree, scriptedChanges(++this.revision));
    return encodeNode(this.#tree, 'export');
  }
}

function scriptedTree(revision: number): string {
  return new ScriptedTree().at(revision);
}

describe('an owner of the disk', () => {
  let folder: ReturnType<typeof scratchFolder>;
  beforeEach(() => {
    folder = scratchFolder();
  });
  afterEach(() => folder.remove());

  it('checkpoints by itself, soon after it was written to', async () => {
    const replica = createLmdbReplica({ directory: folder.directory, checkpoint: { maxDelayMs: 10 } });
    replica.apply(scriptedCommits(1, 20));
    await expect.poll(() => replica.checkpointed, { timeout: 10_000 }).toBe(20);
    expect(replica.tailBytes).toBe(0);
    expect(textOf(replica)).toBe(scriptedTree(20));
    await replica.close();
  });

  it('checkpoints at once when much is queued', async () => {
    const replica = createLmdbReplica({ directory: folder.directory, checkpoint: { maxDelayMs: 1e6, maxChanges: 10 } });
    replica.apply(scriptedCommits(1, 30));
    await expect.poll(() => replica.checkpointed, { timeout: 10_000 }).toBe(30);
    await replica.close();
  });

  it('says when more waits in memory than may, until the disk has it', async () => {
    const checkpoint = { maxDelayMs: 1e6 };
    const replica = createLmdbReplica({ directory: folder.directory, checkpoint, maxTailBytes: 3000 });
    replica.apply([scriptedCommit(1)]);
    expect(replica.isOverfull).toBe(false);
    replica.apply(scriptedCommits(2, 200));
    expect(replica.isOverfull).toBe(true);
    await replica.checkpoint();
    expect(replica.isOverfull).toBe(false);
    await replica.close();
  });

  it('refuses commits that leave a gap', async () => {
    const replica = createLmdbReplica({ directory: folder.directory });
    replica.apply(scriptedCommits(1, 2));
    expect(() => replica.apply([scriptedCommit(4)])).toThrow('commit 4 cannot follow revision 2');
    expect(replica.revision).toBe(2);
    await replica.close();
  });

  it('refuses to answer once it is closed', async () => {
    const replica = createLmdbReplica({ directory: folder.directory });
    replica.apply(scriptedCommits(1, 2));
    const stream = replica.streamJson([], 'val');
    await replica.close();
    expect(() => replica.glance([])).toThrow('the replica is closed');
    expect(stream.next().done).toBe(true);
  });

  it('refuses a folder that a newer program wrote, and says which formats do not match', async () => {
    const environment = openEnvironment(folder.directory, 'owner');
    const meta = { ...readMeta(environment), format: FORMAT_VERSION + 1 };
    environment.root.putSync(Buffer.from('meta'), Buffer.from(JSON.stringify(meta)));
    await environment.root.close();
    const message = `has format ${FORMAT_VERSION + 1}, and this program reads formats up to ${FORMAT_VERSION}`;
    for (const mode of ['owner', 'follower'] as const) {
      expect(() => createLmdbReplica({ directory: folder.directory, mode })).toThrow(message);
    }
    expect(() => createLmdbCheckpointer({ directory: folder.directory })).toThrow(message);
  });

  it('builds an index while it is written to, and answers through it the same', async () => {
    const replica = createLmdbReplica({ directory: folder.directory, checkpoint: { maxChanges: 100 } });
    replica.apply(scriptedCommits(1, 3000));
    await replica.checkpoint();
    const query = { order: { by: 'child' as const, path: ['n'] }, limit: { count: 20, from: 'last' as const } };
    const building = replica.setIndexes([{ pattern: ['rows'], by: ['n'] }]);
    for (let revision = 3001; revision <= 6000; revision += 100) {
      replica.apply(scriptedCommits(revision, revision + 99));
      await replica.checkpoint();
    }
    await building;
    const scanned = createLmdbReplica({ directory: `${folder.directory}/other` });
    scanned.apply(scriptedCommits(1, 6000));
    const [indexed, plain] = [replica.query(['rows'], query), scanned.query(['rows'], query)];
    expect(indexed.indexed).toBe(true);
    expect(plain.indexed).toBe(false);
    expect(indexed.entries.map(([key]) => key)).toEqual(plain.entries.map(([key]) => key));
    await Promise.all([replica.close(), scanned.close()]);
  });

  it.skipIf(process.platform !== 'linux')(
    'goes on answering from memory while the disk is full, says so, and catches up when there is room',
    async () => {
      const lines = await runWithSmallFiles('scratch-full-disk-worker.ts', folder.directory);
      expect(lines).toEqual([
        'checkpoint unavailable',
        'answers true at 2, disk at 0',
        'checkpoint at 2',
        'answers true at 2, disk at 2',
        'told unavailable',
      ]);
    },
  );

  it('fails every checkpoint once its thread has ended, and still answers', async () => {
    const failures: [code: string, fatal: boolean][] = [];
    const replica = createLmdbReplica({
      directory: folder.directory,
      onFailure: ({ code }, fatal) => failures.push([code, fatal]),
    });
    replica.apply(scriptedCommits(1, 5));
    await replica.checkpoint();
    replica.apply([poisoned(6)]);
    await expect(replica.checkpoint()).rejects.toMatchObject({ code: 'unavailable' });
    expect(textOf(replica)).toBe(scriptedTree(6));
    expect(replica.checkpointed).toBe(5);
    expect(replica.tailBytes).toBeGreaterThan(0);
    expect(failures).toContainEqual(['unavailable', true]);
    await replica.close();
  });

  it('removes a large subtree without holding anybody up, and gets rid of it in the background', async () => {
    const replica = createLmdbReplica({ directory: folder.directory });
    const rows = makeMap(Array.from({ length: 200_000 }, (_, index) => [`row${index}`, index]));
    replica.apply([commitOf(1, [{ path: ['rows'], value: rows }])]);
    await replica.checkpoint();
    const stalls = watchStalls();
    replica.apply([commitOf(2, [{ path: ['rows'], value: null }])]);
    await replica.checkpoint();
    for (let revision = 3; revision < 40; revision++) {
      replica.apply([commitOf(revision, [{ path: ['counter'], value: revision }])]);
      await replica.checkpoint();
    }
    expect(stalls.end()).toBeLessThan(500);
    expect(encodeNode(readNode(replica, []), 'val')).toBe('{"counter":39}');
    await expect.poll(() => recordsIn(folder.directory), { timeout: 20_000 }).toBeLessThan(5);
    await replica.close();
  });

  it('is found at a whole revision after it was killed at any moment, and goes on from there', {
    timeout: 120_000,
  }, async () => {
    const model = new ScriptedTree();
    for (let round = 0; round < 10; round++) {
      await runAndKill(folder.directory, round * 25);
      const replica = createLmdbReplica({ directory: folder.directory });
      expect(replica.revision).toBeGreaterThan(model.revision);
      expect(textOf(replica)).toBe(model.at(replica.revision));
      replica.apply(scriptedCommits(replica.revision + 1, replica.revision + 50));
      expect(textOf(replica)).toBe(model.at(replica.revision));
      await replica.close();
    }
  });
});

/** A commit whose stored form no thread can read back. */
function poisoned(revision: number): Commit {
  return new Commit(scriptedCommit(revision), new TextEncoder().encode('no commit'));
}

function recordsIn(directory: string): number {
  const environment = openEnvironment(directory, 'reader');
  environment.root.resetReadTxn();
  return [...environment.nodes.getKeys({ start: { id: 0, key: '' }, limit: 1000 })].length;
}

/** Looks for turns of the event loop that take long. */
function watchStalls(): { end(): number } {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 5);
  return {
    end() {
      clearInterval(timer);
      return longest;
    },
  };
}

const HERE = fileURLToPath(new URL('.', import.meta.url));
const NODE = ['--conditions=source', '--import', import.meta.resolve('tsx')];

/** What a script beside this file prints, line by line, when files may not grow above four megabytes. */
async function runWithSmallFiles(script: string, directory: string): Promise<string[]> {
  const limited = `trap '' XFSZ; ulimit -S -f 4096; exec "$0" "$@"`;
  const child = spawn('bash', ['-c', limited, process.execPath, ...NODE, HERE + script, directory, 'prlimit'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (text: Buffer) => {
    output += text;
  });
  await once(child, 'close');
  return output.trim().split('\n');
}

/** Has a process write until it is killed, so many milliseconds after its first checkpoint. */
async function runAndKill(directory: string, afterMs: number): Promise<void> {
  const child = spawn(process.execPath, [...NODE, `${HERE}scratch-crash-worker.ts`, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  await setTimeout(afterMs);
  child.kill('SIGKILL');
  await once(child, 'close');
}
