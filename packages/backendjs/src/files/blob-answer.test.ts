import { getEventListeners } from 'node:events';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import type { LegacyRequest } from '../http/legacy-request.js';
import { blobAnswer } from './blob-answer.js';

const INFO = { key: 'k', size: 5, etag: 'e', contentType: 'image/png', modified: 0 };

function requestOf(signal: AbortSignal): LegacyRequest {
  return { method: 'GET', url: '/', headers: {}, address: '', secure: false, body: null, signal, push: null };
}

function bytes(): Readable {
  return Readable.from([Buffer.from('hello')]);
}

it('gives the bytes and keeps nothing of the request', async () => {
  const { signal } = new AbortController();
  const { body } = blobAnswer({ info: INFO, body: bytes() }, requestOf(signal));
  if (body.kind !== 'stream') throw new Error('no stream');
  expect((await buffer(body.source)).toString()).toBe('hello');
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

it('lets go when the client does, before or after', async () => {
  const gone = new AbortController();
  const before = bytes();
  blobAnswer({ info: INFO, body: before }, requestOf(gone.signal));
  expect(before.destroyed).toBe(false);
  gone.abort();
  expect(before.destroyed).toBe(true);
  const after = bytes();
  blobAnswer({ info: INFO, body: after }, requestOf(gone.signal));
  expect(after.destroyed).toBe(true);
});

it('tells the reader what failed before it began to read, and nobody else', async () => {
  const lost = bytes();
  const { body } = blobAnswer({ info: INFO, body: lost }, requestOf(new AbortController().signal));
  lost.destroy(new Error('the disk is gone'));
  await new Promise((resolve) => lost.once('close', resolve));
  if (body.kind !== 'stream') throw new Error('no stream');
  await expect(buffer(body.source)).rejects.toThrow('the disk is gone');
});
