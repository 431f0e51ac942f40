import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeNode, readNode } from '@backside/tree';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changeReplicaEpoch } from './change-epoch.js';
import { createLmdbCheckpointer } from './checkpointer.js';
import { openEnvironment, readMeta, writeMeta } from './environment.js';
import { createLmdbReplica, type LmdbReplicaOptions } from './open-replica.js';
import { scratchFolder } from './scratch.js';
import { scriptedCommits } from './scratch-script.js';
import { verifyLmdbReplica } from './verify-lmdb-replica.js';

const PAGE_BYTES = 4096;
/** Of a meta page, from its beginning. */
const LAST_PAGE_AT = 144;

describe('a replica whose file is looked at before it is used', { timeout: 120_000 }, () => {
  let folder: ReturnType<typeof scratchFolder>;
  let file: string;
  let expected: string;
  beforeEach(async () => {
    folder = scratchFolder();
    file = join(folder.directory, 'data.mdb');
    const replica = createLmdbReplica({ directory: folder.directory });
    await replica.reset('epoch-1');
    await replica.setIndexes([{ pattern: ['$any'], by: ['b'] }]);
    replica.apply(scriptedCommits(1, 2_000));
    await replica.checkpoint();
    expected = textOf(replica);
    await replica.close();
  });
  afterEach(() => folder.remove());

  const verify = (): ReturnType<typeof verifyLmdbReplica> => verifyLmdbReplica(folder.directory);

  /** All that is in the replica, or in words why it cannot be opened. */
  async function read(mode: LmdbReplicaOptions['mode'] = 'owner'): Promise<string> {
    try {
      const replica = createLmdbReplica({ directory: folder.directory, mode });
      const text = textOf(replica);
      await replica.close();
      return text;
    } catch (error) {
      expect(error).toMatchObject({ code: 'internal' });
      return (error as Error).message;
    }
  }

  function overwrite(at: number, bytes: Uint8Array): void {
    const content = readFileSync(file);
    content.set(bytes, at);
    writeFileSync(file, content);
  }

  it('is sound when it is, also while its owner has it', async () => {
    const report = await verify();
    expect(report).toEqual({ entries: expect.any(Number), problem: null });
    expect(report!.entries).toBeGreaterThan(100);
    const owner = createLmdbCheckpointer({ directory: folder.directory });
    expect(await verify()).toEqual(report);
    await owner.close();
  });

  it('is none where there is no file, or an empty one', async () => {
    truncateSync(file, 0);
    expect(await verify()).toBeNull();
    expect(() => createLmdbReplica({ directory: folder.directory, mode: 'follower' })).toThrow('cannot be opened');
    rmSync(folder.directory, { recursive: true });
    expect(await verify()).toBeNull();
  });

  it('is refused wherever its file is cut off, and never ends the process', async () => {
    const sound = readFileSync(file);
    const half = Math.floor(sound.length / 2 / PAGE_BYTES) * PAGE_BYTES;
    for (const bytes of [100, PAGE_BYTES, PAGE_BYTES + 100, 2 * PAGE_BYTES, half, half + 100]) {
      truncateSync(file, bytes);
      expect(await read()).toContain('is damaged: ');
      expect(await read('follower')).toContain('is damaged: ');
      expect((await verify())!.problem).not.toBeNull();
      const padded = Buffer.concat([sound.subarray(0, bytes), Buffer.alloc(sound.length - bytes)]);
      writeFileSync(file, padded);
      expect((await verify())!.problem).not.toBeNull();
      writeFileSync(file, sound);
    }
  });

  it('is whole although its file ends early, if all that is missing is unused', async () => {
    for (const page of [0, 1]) {
      const at = page * PAGE_BYTES + LAST_PAGE_AT;
      const last = Buffer.alloc(8);
      last.writeBigUInt64LE(readFileSync(file).readBigUInt64LE(at) + 3n);
      overwrite(at, last);
    }
    expect(await read('follower')).toBe(expected);
    expect(await verify()).toMatchObject({ problem: null });
  });

  it('is refused with a head that is none', async () => {
    for (const page of [0, 1]) {
      const before = readFileSync(file);
      overwrite(page * PAGE_BYTES + 24, Buffer.alloc(4));
      expect(await read()).toContain(`at byte ${page * PAGE_BYTES} it has no head of LMDB`);
      writeFileSync(file, before);
    }
    overwrite(28, Buffer.from([7]));
    expect(await read()).toContain("it is in LMDB's format 7");
  });

  it('is found damaged where a page of it is not what it was', async () => {
    const sound = readFileSync(file);
    const at = Math.floor(sound.lastIndexOf('"b"') / PAGE_BYTES) * PAGE_BYTES;
    for (const byte of [0, 0xff]) {
      overwrite(at, Buffer.alloc(PAGE_BYTES, byte));
      expect((await verify())!.problem).not.toBeNull();
      writeFileSync(file, sound);
    }
  });

  it('of a newer program is not called damaged', async () => {
    await changeReplicaEpoch(folder.directory, 'epoch-2');
    const environment = openEnvironment(folder.directory, 'owner');
    environment.root.transactionSync(() => writeMeta(environment, { ...readMeta(environment), format: 99 }));
    await environment.root.close();
    expect(await verify()).toMatchObject({ problem: null });
    expect(await read()).toContain('has format 99');
  });
});

function textOf(replica: ReturnType<typeof createLmdbReplica>): string {
  return encodeNode(readNode(replica, []), 'export');
}
