import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { ADMIN, NOBODY } from '@backside/protocol';
import { nodeToJson, parsePath } from '@backside/tree';
import { describe, expect, it } from 'vitest';
import type { BlobStore } from './blob-store.js';
import { openMedia, type TestMedia, userOf } from './testing/media-fixture.js';
import { animation, picture } from './testing/pictures.js';

const OWN_ONLY = {
  files: {
    $uid: {
      '.read': 'auth.uid == $uid',
      $name: {
        '.write': 'auth.uid == $uid',
        '.validate': "newData.child('size').val() < 1000 && newData.child('type').val().matches(/^(text|image)\\//)",
      },
    },
  },
};

function nodeAt({ database }: TestMedia, path: string): unknown {
  return nodeToJson(database.read(ADMIN, parsePath(path)).node, 'val');
}

describe('a file', () => {
  it('is stored, described in the tree, and given back', async () => {
    const test = await openMedia();
    const node = await test.upload('/files/a', 'hello', { type: 'text/plain', name: 'hello.txt' });
    const hash = createHash('sha256').update('hello').digest('hex');
    expect(node).toEqual({
      blob: expect.stringMatching(/^[0-9a-f]{32}$/),
      name: 'hello.txt',
      type: 'text/plain',
      size: 5,
      hash,
    });
    expect(nodeAt(test, '/files/a')).toEqual(node);
    expect(String(await test.download('/files/a'))).toBe('hello');
    const file = await test.media.file(ADMIN, ['files', 'a']);
    expect(file).toMatchObject({ size: 5, etag: hash, contentType: 'text/plain' });
    expect(String(await buffer((await file.open({ start: 1, end: 3 })).body))).toBe('ell');
  });

  it('is as old as its own upload, also where others had uploaded the same bytes before', async () => {
    const test = await openMedia();
    const modified = async (path: string): Promise<number> => (await test.media.file(ADMIN, [path])).modified;
    await test.upload('/a', 'same');
    const first = await modified('a');
    test.clock.ahead = 3_600_000;
    await test.upload('/b', 'same');
    expect((await modified('b')) - first).toBeGreaterThanOrEqual(3_600_000);
    expect(await modified('a')).toBe(first);
    await test.upload('/a', 'same');
    expect(await modified('a')).toBeGreaterThanOrEqual(await modified('b'));
  });

  it('of no bytes is a file', async () => {
    const test = await openMedia();
    expect(await test.upload('/a', '')).toMatchObject({ size: 0, type: 'application/octet-stream', name: 'a' });
    expect((await test.download('/a')).length).toBe(0);
  });

  it.each([
    ['../../etc/passwd', 'passwd'],
    ['C:\\temp\\a.txt', 'a.txt'],
    ['a\r\nset-cookie: b', 'aset-cookie: b'],
    ['..', 'a'],
    ['', 'a'],
    ['\u202egnp.exe', 'gnp.exe'],
    ['ä'.repeat(300), 'ä'.repeat(255)],
  ])('called %j is called %j', async (name, expected) => {
    const test = await openMedia();
    expect((await test.upload('/a', 'x', { name })).name).toBe(expected);
  });

  it('with equal bytes is stored once, and stays while one node refers to it', async () => {
    const test = await openMedia();
    const first = await test.upload('/a', 'same');
    const second = await test.upload('/b', 'same');
    expect(second.blob).toBe(first.blob);
    expect(await test.keys('blobs')).toHaveLength(1);
    await test.media.remove(ADMIN, ['a']);
    test.clock.ahead = 10 * 3_600_000;
    await test.media.collect();
    expect(String(await test.download('/b'))).toBe('same');
    await expect(test.download('/a')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('larger than allowed is refused, announced or not, and leaves nothing', async () => {
    const test = await openMedia({ limits: { maxFileBytes: 10 } });
    await expect(test.upload('/a', 'x'.repeat(11))).rejects.toMatchObject({ code: 'too-large' });
    await expect(test.upload('/a', 'x', { size: 11 })).rejects.toMatchObject({ code: 'too-large' });
    await expect(test.upload('/a', 'xyz', { size: 2 })).rejects.toMatchObject({ code: 'invalid-data' });
    expect(await test.keys('blobs')).toEqual([]);
    expect(nodeAt(test, '/a')).toBeNull();
  });

  it('may be larger, or must be smaller, once that is said', async () => {
    const test = await openMedia({ limits: { maxFileBytes: 2 } });
    await expect(test.upload('/a', 'xyz')).rejects.toMatchObject({ code: 'too-large' });
    test.media.limit({ maxFileBytes: 3 });
    expect((await test.upload('/a', 'xyz')).size).toBe(3);
    test.media.limit({ maxFileBytes: 1 });
    await expect(test.upload('/a', 'xyz')).rejects.toMatchObject({ code: 'too-large' });
    expect(String(await test.download('/a'))).toBe('xyz');
  });

  it('cannot be the root', async () => {
    const test = await openMedia();
    await expect(test.upload('/', 'x')).rejects.toMatchObject({ code: 'invalid-path' });
    await expect(test.media.file(ADMIN, [])).rejects.toMatchObject({ code: 'invalid-path' });
    await expect(test.media.remove(ADMIN, [])).rejects.toMatchObject({ code: 'invalid-path' });
  });
});

describe('rights', () => {
  it('are those of the node', async () => {
    const test = await openMedia({ rules: OWN_ONLY });
    const ann = userOf('ann');
    await test.upload('/files/ann/a', 'hello', { principal: ann, type: 'text/plain' });
    expect(String(await test.download('/files/ann/a', ann))).toBe('hello');
    for (const other of [NOBODY, userOf('bob')]) {
      await expect(test.download('/files/ann/a', other)).rejects.toMatchObject({
        code: 'permission-denied',
        trace: expect.any(String),
      });
      await expect(test.download('/files/ann/none', other)).rejects.toMatchObject({ code: 'permission-denied' });
      await expect(test.media.remove(other, parsePath('/files/ann/a'))).rejects.toMatchObject({
        code: 'permission-denied',
      });
      await expect(test.upload('/files/ann/a', 'x', { principal: other })).rejects.toMatchObject({
        code: 'permission-denied',
      });
    }
    expect(await test.keys('blobs')).toHaveLength(1);
  });

  it('are decided before a byte is read', async () => {
    const test = await openMedia({ rules: OWN_ONLY });
    let asked = false;
    const source = (async function* () {
      asked = true;
      yield Buffer.from('x');
    })();
    const refused = test.upload('/files/ann/a', '', { principal: userOf('bob'), type: 'text/plain', source });
    await expect(refused).rejects.toMatchObject({ code: 'permission-denied' });
    expect(asked).toBe(false);
  });

  it('are decided again by what has arrived, and what is refused is gone', async () => {
    const test = await openMedia({ rules: OWN_ONLY });
    const principal = userOf('ann');
    const refused = test.upload('/files/ann/a', 'x'.repeat(1_000), { principal, type: 'text/plain' });
    await expect(refused).rejects.toMatchObject({ code: 'permission-denied' });
    expect(await test.keys('blobs')).toEqual([]);
    expect(test.tree.read([])).toBeNull();
    expect(nodeAt(test, '/files')).toBeNull();
  });

  it('to bytes cannot be written into the tree', async () => {
    const test = await openMedia({ rules: OWN_ONLY });
    const secret = await test.upload('/files/ann/a', 'secret', { principal: userOf('ann'), type: 'text/plain' });
    await test.set('/files/bob/stolen', secret);
    await expect(test.download('/files/bob/stolen', userOf('bob'))).rejects.toMatchObject({ code: 'not-found' });
    await test.set('/files/bob/odd', { ...secret, blob: '../../owner' });
    await expect(test.download('/files/bob/odd', userOf('bob'))).rejects.toMatchObject({ code: 'not-found' });
  });

  it('of a refused upload take nothing from an equal file that is there', async () => {
    const test = await openMedia({
      rules: { a: { '.write': "auth.uid == 'ann' || newData.child('size').val() == 0" } },
    });
    await test.upload('/a', 'same', { principal: userOf('ann') });
    await expect(test.upload('/a', 'same', { principal: userOf('bob') })).rejects.toMatchObject({
      code: 'permission-denied',
    });
    expect(String(await test.download('/a'))).toBe('same');
    test.clock.ahead = 10 * 3_600_000;
    await test.media.collect();
    expect(String(await test.download('/a'))).toBe('same');
  });
});

describe('conditions', () => {
  it('hold or nothing happens', async () => {
    const test = await openMedia();
    const first = await test.upload('/a', 'one', { ifNoneMatch: '*' });
    await expect(test.upload('/a', 'two', { ifNoneMatch: '*' })).rejects.toMatchObject({ code: 'precondition-failed' });
    await expect(test.upload('/a', 'two', { ifMatch: ['f'.repeat(64)] })).rejects.toMatchObject({
      code: 'precondition-failed',
    });
    await expect(test.upload('/b', 'two', { ifMatch: '*' })).rejects.toMatchObject({ code: 'precondition-failed' });
    const second = await test.upload('/a', 'two', { ifMatch: [first.hash] });
    const outdated = test.media.remove(ADMIN, ['a'], { ifMatch: [first.hash] });
    await expect(outdated).rejects.toMatchObject({ code: 'precondition-failed' });
    await test.media.remove(ADMIN, ['a'], { ifMatch: [second.hash] });
    expect(nodeAt(test, '/a')).toBeNull();
  });

  it('tell nothing to who may not read', async () => {
    const test = await openMedia({ rules: { '.write': true } });
    await test.upload('/a', 'one');
    const asked = test.upload('/a', 'two', { principal: NOBODY, ifNoneMatch: '*' });
    await expect(asked).rejects.toMatchObject({ code: 'permission-denied' });
  });
});

describe('an image', () => {
  it('is known by its bytes, and measured', async () => {
    const test = await openMedia();
    const node = await test.upload('/a', await picture(40, 20).png().toBuffer());
    expect(node).toMatchObject({ type: 'image/png', width: 40, height: 20 });
  });

  it.each<[string, string, string | undefined]>([
    ['a page', '<html>', 'image/png'],
    ['a GIF', 'GIF89a', 'text/html'],
    ['a broken PNG', '\x89PNG\r\n\x1a\n', undefined],
    ['a file of an impossible type', 'x', 'text/html\r\nx: y'],
  ])('that is none is refused, and leaves nothing: %s', async (_, bytes, type) => {
    const test = await openMedia();
    const content = Buffer.from(bytes, 'latin1');
    await expect(test.upload('/a', content, { type })).rejects.toMatchObject({ code: 'invalid-data' });
    expect(await test.keys('blobs')).toEqual([]);
    expect(test.tree.read([])).toBeNull();
  });

  it('can be replaced by another before it is kept', async () => {
    const test = await openMedia();
    const transform = { width: 10, format: 'webp' } as const;
    const node = await test.upload('/a', await picture(40, 20).png().toBuffer(), { transform });
    expect(node).toMatchObject({ type: 'image/webp', width: 10, height: 5 });
    expect((await test.media.images.read(await test.download('/a'))).format).toBe('webp');
    expect(node.hash).toBe(
      createHash('sha256')
        .update(await test.download('/a'))
        .digest('hex'),
    );
    expect(await test.keys('blobs')).toHaveLength(1);
  });
});

describe('a thumbnail', () => {
  it('is made once, kept, and has an ETag of its own', async () => {
    const test = await openMedia();
    const node = await test.upload('/a', await animation('gif', 3));
    const ask = async (width: number, contrast = 0) => test.media.thumbnail(ADMIN, ['a'], { width, contrast });
    const made = await Promise.all([ask(5), ask(5), ask(5), ask(6), ask(5, 20)]);
    expect(await test.keys('thumbnails')).toHaveLength(3);
    expect(new Set(made.map(({ etag }) => etag)).size).toBe(3);
    expect(made[0]!.etag.startsWith(node.hash)).toBe(true);
    const again = await ask(5);
    expect(await test.media.images.read((await again.open()).body)).toMatchObject({
      width: 5,
      frames: 3,
      format: 'gif',
    });
    expect(again.size).toBe(made[0]!.size);
  });

  it('is made anew each time when there are too many', async () => {
    const test = await openMedia({ limits: { maxThumbnails: 1 } });
    await test.upload('/a', await picture(40, 20).png().toBuffer());
    for (const width of [5, 6, 6]) {
      const file = await test.media.thumbnail(ADMIN, ['a'], { width });
      expect(await test.media.images.read((await file.open()).body)).toMatchObject({ width });
      expect((await buffer((await file.open({ start: 1, end: 3 })).body)).toString()).toBe('PNG');
    }
    expect(await test.keys('thumbnails')).toHaveLength(1);
  });

  it('is for those who may read the picture, and of pictures only', async () => {
    const test = await openMedia({ rules: {} });
    await test.upload('/a', await picture(40, 20).png().toBuffer());
    await test.upload('/b', 'text', { type: 'text/plain' });
    await expect(test.media.thumbnail(NOBODY, ['a'], { width: 5 })).rejects.toMatchObject({
      code: 'permission-denied',
    });
    await expect(test.media.thumbnail(ADMIN, ['b'], { width: 5 })).rejects.toMatchObject({ code: 'invalid-data' });
    expect(await test.keys('thumbnails')).toEqual([]);
  });
});

describe('a failing store', () => {
  it('leaves no node without bytes', async () => {
    const whole = await openMedia();
    const failing: BlobStore = Object.assign(Object.create(whole.blobs) as BlobStore, {
      put: () => Promise.reject(new Error('the disk has burnt')),
    });
    const test = await openMedia({ blobs: failing });
    await expect(test.upload('/a', 'x')).rejects.toThrow('the disk has burnt');
    expect(nodeAt(test, '/a')).toBeNull();
    expect(test.tree.read([])).toBeNull();
  });
});
