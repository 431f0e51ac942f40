import { createHash, randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BlobStore } from './blob-store.js';

/** A store that nobody else uses, empty at first. */
export interface BlobStoreFixture {
  readonly store: BlobStore;
  readonly dispose: () => Promise<void>;
}

const TYPE = { contentType: 'application/octet-stream' };
/** More than stores send or write at once. */
const LARGE_BYTES = 11 * 1024 * 1024 + 17;

/** What every blob store does. `create` is called once per test. */
export function blobStoreConformance(name: string, create: () => Promise<BlobStoreFixture>): void {
  describe(`${name} as a blob store`, () => {
    let fixture: BlobStoreFixture;
    beforeEach(async () => {
      fixture = await create();
    });
    afterEach(async () => {
      await fixture.store.close();
      await fixture.dispose();
    });
    const store = (): BlobStore => fixture.store;
    keeping(store);
    ranging(store);
    failing(store);
    listing(store);
    racing(store);
  });
}

type Store = () => BlobStore;

function keeping(store: Store): void {
  it('gives back what was put, and what is known of it', async () => {
    const put = await store().put('a/b', pieces('hello ', 'world'), { contentType: 'text/plain; charset=utf-8' });
    const hash = createHash('sha256').update('hello world').digest('hex');
    expect(put).toMatchObject({ key: 'a/b', size: 11, etag: hash, contentType: 'text/plain; charset=utf-8' });
    expect(Math.abs(put.modified - Date.now())).toBeLessThan(60_000);
    expect(await store().head('a/b')).toMatchObject({ key: 'a/b', size: 11, etag: hash, contentType: put.contentType });
    const got = await store().get('a/b');
    expect(got?.info.etag).toBe(hash);
    expect(String(await buffer(got!.body))).toBe('hello world');
  });

  it('keeps nothing at all as a blob of no bytes', async () => {
    expect((await store().put('empty', pieces(), TYPE)).size).toBe(0);
    expect(await read(store(), 'empty')).toBe('');
    expect((await store().head('empty'))?.etag).toBe(createHash('sha256').digest('hex'));
  });

  it('keeps large bytes that come in pieces of all sizes', async () => {
    const bytes = randomBytes(LARGE_BYTES);
    const { etag } = await store().put('large', slices(bytes, [1, 70_000, 3, 1_048_576, 65_536]), TYPE);
    const hash = createHash('sha256').update(bytes).digest('hex');
    expect(etag).toBe(hash);
    const opened = await store().get('large');
    const sum = createHash('sha256');
    for await (const piece of opened!.body) sum.update(piece as Uint8Array);
    expect(sum.digest('hex')).toBe(hash);
  });

  it('replaces a blob whole', async () => {
    await store().put('a', pieces('a long first text'), { contentType: 'text/plain' });
    await store().put('a', pieces('second'), { contentType: 'text/html' });
    expect(await read(store(), 'a')).toBe('second');
    expect(await store().head('a')).toMatchObject({ size: 6, contentType: 'text/html' });
    expect(await keys(store(), '')).toEqual(['a']);
  });

  it('tells absence by null, and deletes what is there or not', async () => {
    expect(await store().get('nothing')).toBeNull();
    expect(await store().head('nothing')).toBeNull();
    await store().put('a', pieces('x'), TYPE);
    await store().delete('a');
    await store().delete('a');
    expect(await store().get('a')).toBeNull();
    expect(await keys(store(), '')).toEqual([]);
  });

  it('keeps blobs apart whose keys begin alike', async () => {
    for (const key of ['a', 'a/b', 'a/b/c', 'a.b', 'a%2Fb', 'A']) await store().put(key, pieces(key), TYPE);
    for (const key of ['a', 'a/b', 'a/b/c', 'a.b', 'a%2Fb']) expect(await read(store(), key)).toBe(key);
    await store().delete('a/b');
    expect(await read(store(), 'a')).toBe('a');
    expect(await read(store(), 'a/b/c')).toBe('a/b/c');
  });

  it('refuses keys that some store could not keep', async () => {
    const wrong = [
      '',
      '/',
      'a//b',
      '../a',
      'a/../b',
      './a',
      'a/.',
      '/a',
      'a/',
      'a\\b',
      'a\0b',
      'ä',
      'a@',
      'x'.repeat(300),
    ];
    for (const key of wrong) {
      await expect(store().put(key, pieces('x'), TYPE)).rejects.toMatchObject({ code: 'invalid-path' });
      await expect(store().get(key)).rejects.toMatchObject({ code: 'invalid-path' });
      await expect(store().head(key)).rejects.toMatchObject({ code: 'invalid-path' });
      await expect(store().delete(key)).rejects.toMatchObject({ code: 'invalid-path' });
    }
    expect(await keys(store(), '')).toEqual([]);
  });
}

function ranging(store: Store): void {
  it('gives any part, and says the size of the whole', async () => {
    await store().put('digits', pieces('0123456789'), TYPE);
    for (const [start, end] of [
      [0, 0],
      [0, 9],
      [3, 5],
      [9, 9],
    ] as const) {
      const opened = await store().get('digits', { start, end });
      expect(opened?.info.size).toBe(10);
      expect(String(await buffer(opened!.body))).toBe('0123456789'.slice(start, end + 1));
    }
  });

  it('gives a part across the middle of a large blob', async () => {
    const bytes = randomBytes(LARGE_BYTES);
    await store().put('large', slices(bytes, [1_000_000]), TYPE);
    const range = { start: 5_242_870, end: 8_388_700 };
    const opened = await store().get('large', range);
    expect((await buffer(opened!.body)).equals(bytes.subarray(range.start, range.end + 1))).toBe(true);
  });

  it('refuses parts that are not there', async () => {
    await store().put('digits', pieces('0123456789'), TYPE);
    for (const [start, end] of [
      [0, 10],
      [10, 10],
      [5, 4],
      [-1, 4],
      [0.5, 4],
    ] as const) {
      await expect(store().get('digits', { start, end })).rejects.toMatchObject({ code: 'invalid-query' });
    }
  });

  it('lets a reader stop early, again and again', async () => {
    await store().put('large', slices(randomBytes(LARGE_BYTES), [65_536]), TYPE);
    for (let i = 0; i < 20; i++) {
      const opened = await store().get('large');
      for await (const _ of opened!.body) break;
      opened!.body.destroy();
    }
    expect((await store().head('large'))?.size).toBe(LARGE_BYTES);
  });
}

function failing(store: Store): void {
  it('changes nothing when the source fails, and passes its error on', async () => {
    await store().put('kept', pieces('old'), TYPE);
    const failure = new Error('the client has gone');
    const broken = async function* (): AsyncGenerator<Uint8Array, void> {
      yield randomBytes(9_000_000);
      throw failure;
    };
    await expect(store().put('kept', broken(), TYPE)).rejects.toBe(failure);
    await expect(store().put('new', broken(), TYPE)).rejects.toBe(failure);
    expect(await read(store(), 'kept')).toBe('old');
    expect(await store().get('new')).toBeNull();
    expect(await keys(store(), '')).toEqual(['kept']);
  });

  it('refuses another number of bytes than announced', async () => {
    for (const size of [2, 4]) {
      await expect(store().put('a', pieces('abc'), { ...TYPE, size })).rejects.toMatchObject({ code: 'invalid-data' });
    }
    expect(await store().get('a')).toBeNull();
    expect((await store().put('a', pieces('abc'), { ...TYPE, size: 3 })).size).toBe(3);
  });

  it('refuses what is no content type', async () => {
    for (const contentType of ['', 'text/plain\r\nset-cookie: a=b', 'x'.repeat(201), 'té/xt']) {
      await expect(store().put('a', pieces('x'), { contentType })).rejects.toMatchObject({ code: 'invalid-data' });
    }
    expect(await store().get('a')).toBeNull();
  });

  it('has nothing to sweep of puts that were answered, however they ended', async () => {
    await store().put('a', pieces('x'), TYPE);
    await expect(store().put('b', pieces('abc'), { ...TYPE, size: 2 })).rejects.toThrow();
    expect(await store().sweep(-60_000)).toBe(0);
    expect(await read(store(), 'a')).toBe('x');
  });
}

function listing(store: Store): void {
  it('lists by any prefix, with sizes', async () => {
    for (const key of ['a/1', 'a/2', 'ab/1', 'b']) await store().put(key, pieces(key), TYPE);
    expect(await keys(store(), '')).toEqual(['a/1', 'a/2', 'ab/1', 'b']);
    expect(await keys(store(), 'a')).toEqual(['a/1', 'a/2', 'ab/1']);
    expect(await keys(store(), 'a/')).toEqual(['a/1', 'a/2']);
    expect(await keys(store(), 'a/2')).toEqual(['a/2']);
    expect(await keys(store(), 'c')).toEqual([]);
    for await (const entry of store().list('ab/')) expect(entry).toMatchObject({ key: 'ab/1', size: 4 });
  });

  it('does not take the characters of a prefix for patterns', async () => {
    for (const key of ['a.b', 'acb', 'a+b']) await store().put(key, pieces(key), TYPE);
    expect(await keys(store(), 'a.')).toEqual(['a.b']);
    expect(await keys(store(), 'a+')).toEqual(['a+b']);
    expect(await keys(store(), '../')).toEqual([]);
  });

  it('lists more than fits on one page, and lets them be deleted meanwhile', async () => {
    const names = Array.from({ length: 25 }, (_, i) => `many/${String(i).padStart(2, '0')}`);
    await Promise.all(names.map((key) => store().put(key, pieces(key), TYPE)));
    for await (const { key } of store().list('many/')) await store().delete(key);
    expect(await keys(store(), 'many/')).toEqual([]);
  });
}

function racing(store: Store): void {
  it('shows readers one blob or the other, never a mixture', async () => {
    const blobs = ['a', 'b'].map((letter) => Buffer.alloc(300_000, letter));
    await store().put('k', slices(blobs[0]!, [100_000]), TYPE);
    const writing = Promise.all(blobs.flatMap((bytes) => [1, 2, 3].map(() => store().put('k', slowly(bytes), TYPE))));
    let ended = false;
    const end = writing.finally(() => (ended = true));
    while (!ended) {
      const opened = await store().get('k');
      const bytes = await buffer(opened!.body).catch(() => null);
      if (bytes !== null) expect(createHash('sha256').update(bytes).digest('hex')).toBe(opened!.info.etag);
      await setImmediate();
    }
    await end;
    const last = await buffer((await store().get('k'))!.body);
    expect(blobs.some((bytes) => bytes.equals(last))).toBe(true);
    expect(await keys(store(), '')).toEqual(['k']);
  });
}

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array, void> {
  for (const text of texts) yield Buffer.from(text);
}

/** The bytes, cut at these lengths over and over. */
async function* slices(bytes: Buffer, lengths: readonly number[]): AsyncGenerator<Uint8Array, void> {
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const end = at + lengths[i % lengths.length]!;
    yield bytes.subarray(at, end);
    at = end;
  }
}

async function* slowly(bytes: Buffer): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += 50_000) {
    yield bytes.subarray(at, at + 50_000);
    await setImmediate();
  }
}

async function read(store: BlobStore, key: string): Promise<string | null> {
  const opened = await store.get(key);
  return opened === null ? null : String(await buffer(opened.body));
}

async function keys(store: BlobStore, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list(prefix)) found.push(key);
  return found.sort();
}
