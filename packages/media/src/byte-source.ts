import { BacksideError } from '@backside/protocol';
import type { ByteSource } from './blob-store.js';
import type { Uploader } from './uploader.js';

/** All bytes at once. Throws `too-large` as soon as there are more than `maxBytes`. */
export async function readAll(source: ByteSource, maxBytes: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of limited(source, maxBytes)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** The same source; throws `too-large` as soon as there are more than `maxBytes`. */
export async function* limited(source: ByteSource, maxBytes: number): AsyncGenerator<Uint8Array, void> {
  let size = 0;
  for await (const piece of source) {
    size += piece.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    yield piece;
  }
}

/** The same source, for as long as its uploader may act; then it throws what `Uploader.current` throws. */
export async function* sentBy(uploader: Uploader | undefined, source: ByteSource): AsyncGenerator<Uint8Array, void> {
  for await (const piece of source) {
    uploader?.current();
    yield piece;
  }
  uploader?.current();
}

/** One piece as a source. */
export async function* sourceOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}

/**
 * Shows `look` the first bytes, at most `count`, before anything is handed on. `all` is the whole source, those bytes included. If `look`
 * throws, the source is released and that error is passed on.
 */
export async function peek<T>(
  source: ByteSource,
  count: number,
  look: (head: Buffer) => T,
): Promise<{ seen: T; all: ByteSource }> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const iterator = source[Symbol.asyncIterator]();
  while (size < count) {
    const next = await iterator.next();
    if (next.done === true) break;
    pieces.push(next.value);
    size += next.value.byteLength;
  }
  try {
    return { seen: look(Buffer.concat(pieces).subarray(0, count)), all: rejoined(pieces, iterator) };
  } catch (error) {
    await iterator.return?.();
    throw error;
  }
}

async function* rejoined(
  pieces: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* pieces;
    yield* { [Symbol.asyncIterator]: () => rest };
  } finally {
    await rest.return?.();
  }
}

function tooLarge(maxBytes: number): BacksideError {
  return new BacksideError('too-large', `more than ${maxBytes} bytes`);
}
