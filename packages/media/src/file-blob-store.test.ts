import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { blobStoreConformance } from './blob-store-conformance.js';
import { sourceOf } from './byte-source.js';
import { createFileBlobStore } from './file-blob-store.js';

const TYPE = { contentType: 'text/plain' };
const CHILD = fileURLToPath(new URL('testing/put-forever.ts', import.meta.url));
const MINUTE = 60_000;

blobStoreConformance('a folder', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'backside-blobs-'));
  const store = await createFileBlobStore({ directory, now: Date.now });
  return { store, dispose: () => rm(directory, { recursive: true, force: true }) };
});

async function newFolder(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'backside-blobs-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Kills a process in the middle of a blob. */
async function killWriter(directory: string, key: string): Promise<void> {
  const child = spawn(process.execPath, ['--import', 'tsx', '--conditions=source', CHILD, directory, key], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');
}

describe('a folder of blobs', () => {
  it('shows nothing of a blob whose writer was killed, and is swept of it', async () => {
    const directory = await newFolder();
    const store = await createFileBlobStore({ directory, now: Date.now });
    await store.put('old', sourceOf(Buffer.from('old')), TYPE);
    await killWriter(directory, 'old');
    await killWriter(directory, 'new');
    const again = await createFileBlobStore({ directory, now: Date.now });
    expect(await again.get('new')).toBeNull();
    expect(String(await buffer((await again.get('old'))!.body))).toBe('old');
    expect(await readdir(join(directory, 'unfinished'))).toHaveLength(2);
    expect(await again.sweep(10 * MINUTE)).toBe(0);
    expect(await again.sweep(-MINUTE)).toBe(2);
    expect(await readdir(join(directory, 'unfinished'))).toEqual([]);
  });

  it('takes no damaged file for a blob', async () => {
    const directory = await newFolder();
    const store = await createFileBlobStore({ directory, now: Date.now });
    await store.put('a', sourceOf(Buffer.from('hello')), TYPE);
    await truncate(join(directory, 'blobs', 'a@'), 100);
    await expect(store.get('a')).rejects.toMatchObject({ code: 'internal' });
    await writeFile(join(directory, 'blobs', 'b@'), Buffer.alloc(2_000));
    await expect(store.head('b')).rejects.toMatchObject({ code: 'internal' });
  });

  it('leaves no empty folders behind', async () => {
    const directory = await newFolder();
    const store = await createFileBlobStore({ directory, now: Date.now });
    for (const key of ['a/b/c', 'a/b/d', 'e/f']) await store.put(key, sourceOf(Buffer.from('x')), TYPE);
    await store.delete('a/b/c');
    await store.delete('e/f');
    expect(await readdir(join(directory, 'blobs'), { recursive: true })).toEqual(['a', 'a/b', 'a/b/d@']);
  });

  it('is written to while its folders come and go', async () => {
    const store = await createFileBlobStore({ directory: await newFolder(), now: Date.now });
    const rounds = Array.from({ length: 200 }, async (_, i) => {
      await store.put(`a/b/${i % 4}`, sourceOf(Buffer.from('x')), TYPE);
      await store.delete(`a/b/${i % 4}`);
    });
    await Promise.all(rounds);
    for await (const { key } of store.list('')) throw new Error(`${key} is left`);
  });
});
