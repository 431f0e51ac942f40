import { ADMIN } from '@backside/protocol';
import { describe, expect, it } from 'vitest';
import type { BlobStore } from './blob-store.js';
import { sourceOf } from './byte-source.js';
import { openMedia, type TestMedia } from './testing/media-fixture.js';
import { picture } from './testing/pictures.js';

const HOUR = 3_600_000;
const NOTHING = { blobs: 0, orphans: 0, uploads: 0 };

/** More than every grace. */
function later(test: TestMedia): void {
  test.clock.ahead += 3 * HOUR;
}

describe('collecting', () => {
  it('keeps what is referred to', async () => {
    const test = await openMedia();
    await test.upload('/a', 'one');
    await test.upload('/b', await picture(20, 20).png().toBuffer());
    await test.media.thumbnail(ADMIN, ['b'], { width: 5 });
    later(test);
    expect(await test.media.collect()).toEqual(NOTHING);
    expect(String(await test.download('/a'))).toBe('one');
    expect(await test.keys('thumbnails')).toHaveLength(1);
  });

  it.each([
    ['removed', async (test: TestMedia) => test.media.remove(ADMIN, ['a'])],
    ['overwritten by a write', async (test: TestMedia) => test.set('/a', 'something else')],
    ['overwritten by an upload', async (test: TestMedia) => test.upload('/a', 'other')],
    ['gone with its parent', async (test: TestMedia) => test.set('/', { x: 1 })],
  ])('deletes what was %s, with its thumbnails, after the grace', async (_, end) => {
    const test = await openMedia();
    const { blob } = await test.upload('/a', await picture(20, 20).png().toBuffer());
    await test.media.thumbnail(ADMIN, ['a'], { width: 5 });
    await end(test);
    expect(await test.media.collect()).toEqual(NOTHING);
    later(test);
    expect(await test.media.collect()).toEqual({ ...NOTHING, blobs: 1 });
    expect((await test.keys('blobs')).filter((key) => key.endsWith(blob))).toEqual([]);
    expect(await test.keys('thumbnails')).toEqual([]);
    expect(test.tree.read(['blobs', blob])).toBeNull();
    expect(test.tree.read(['doomed'])).toBeNull();
  });

  it('lets the same bytes be uploaded at any moment', async () => {
    const test = await openMedia();
    for (let round = 0; round < 20; round++) {
      await test.upload('/a', 'same');
      await test.set('/a', null);
      later(test);
      const [, node] = await Promise.all([test.media.collect(), test.upload('/b', 'same')]);
      expect(node.size).toBe(4);
      expect(String(await test.download('/b'))).toBe('same');
      await test.media.collect();
      expect(String(await test.download('/b'))).toBe('same');
      expect(await test.keys('blobs')).toHaveLength(1);
    }
  });

  it('is safe on several nodes at once', async () => {
    const one = await openMedia();
    const two = await openMedia({ blobs: one.blobs, tree: one.tree });
    for (const name of ['a', 'b', 'c']) await one.upload(`/${name}`, name);
    await one.set('/', null);
    later(one);
    const reports = await Promise.all([one.media.collect(), two.media.collect()]);
    // Each is buried by one of them at least; both may count it.
    expect(reports.reduce((sum, { blobs }) => sum + blobs, 0)).toBeGreaterThanOrEqual(3);
    expect(await one.keys('blobs')).toEqual([]);
    expect(one.tree.read(['blobs'])).toBeNull();
    expect(one.tree.read(['doomed'])).toBeNull();
  });

  it('removes what a process left that died between the bytes and the index', async () => {
    const test = await openMedia();
    await test.media.collect();
    const orphan = '0123456789abcdef0123456789abcdef';
    await test.blobs.put(`main/blobs/01/${orphan}`, sourceOf(Buffer.from('x')), { contentType: 'text/plain' });
    expect((await test.media.collect()).orphans).toBe(0);
    later(test);
    expect(await test.media.collect()).toEqual({ ...NOTHING, orphans: 1 });
    expect(await test.keys('blobs')).toEqual([]);
  });

  it('removes what a process left that died between the index and the node', async () => {
    const test = await openMedia();
    await test.upload('/a', 'one');
    await test.set('/a', null);
    expect(await test.keys('blobs')).toHaveLength(1);
    later(test);
    expect((await test.media.collect()).blobs).toBe(1);
    expect(await test.keys('blobs')).toEqual([]);
  });

  it('goes on with what a process left that died while it deleted', async () => {
    const test = await openMedia();
    const { blob, hash } = await test.upload('/a', 'one');
    await test.tree.update([
      { path: ['blobs', blob], value: null },
      { path: ['hashes', hash], value: null },
      { path: ['doomed', blob], value: 1 },
    ]);
    expect((await test.media.collect()).blobs).toBe(1);
    expect(await test.keys('blobs')).toEqual([]);
  });

  it('removes uploads that were given up, a day after they were announced', async () => {
    const test = await openMedia();
    const announce = async (id: string): Promise<void> => {
      const created = Date.now() + test.clock.ahead;
      const record = { id, size: 10, metadata: {}, path: '/a', author: null, created, finished: false };
      const put = (name: string, text: string) =>
        test.blobs.put(`main/uploads/${id}/${name}`, sourceOf(Buffer.from(text)), { contentType: 'text/plain' });
      await put('record', JSON.stringify(record));
      await put(`part-${'0'.repeat(16)}`, 'hello');
    };
    await announce('a'.repeat(32));
    test.clock.ahead = 12 * HOUR;
    await announce('b'.repeat(32));
    expect(await test.media.collect()).toEqual(NOTHING);
    test.clock.ahead = 25 * HOUR;
    expect(await test.media.collect()).toEqual({ ...NOTHING, uploads: 1 });
    expect(await test.keys('uploads')).toEqual([
      `main/uploads/${'b'.repeat(32)}/part-${'0'.repeat(16)}`,
      `main/uploads/${'b'.repeat(32)}/record`,
    ]);
  });

  it('leaves the blobs of another installation alone', async () => {
    const first = await openMedia();
    await first.upload('/a', 'precious');
    await first.media.collect();
    const empty = await openMedia({ blobs: first.blobs });
    later(empty);
    expect(await empty.media.collect()).toEqual(NOTHING);
    expect(String(await first.download('/a'))).toBe('precious');
  });

  it('sweeps what unfinished puts left', async () => {
    let asked = Number.NaN;
    const whole = await openMedia();
    const blobs: BlobStore = Object.assign(Object.create(whole.blobs) as BlobStore, {
      list: whole.blobs.list.bind(whole.blobs),
      get: whole.blobs.get.bind(whole.blobs),
      put: whole.blobs.put.bind(whole.blobs),
      sweep: async (olderThanMs: number) => {
        asked = olderThanMs;
        return 2;
      },
    });
    const test = await openMedia({ blobs });
    expect((await test.media.collect()).orphans).toBe(2);
    expect(asked).toBe(HOUR);
  });

  it('keeps a reference that is claimed anew while it is looked at', async () => {
    const test = await openMedia();
    await test.upload('/a', 'one');
    await test.set('/a', null);
    later(test);
    await test.upload('/a', 'one');
    await test.set('/a', null);
    expect((await test.media.collect()).blobs).toBe(0);
    await test.upload('/a', 'one');
    expect(String(await test.download('/a'))).toBe('one');
  });
});
