import { Readable } from 'node:stream';
import type { ByteRange } from '@backside/media';

/** Where the bytes of an answer begin, and the size of the whole: `bytes 5-9/100`. Without the header it is the whole. */
export function parseContentRange(header: string | undefined, length = 0): { start: number; size: number } {
  const match = /^bytes (\d+)-\d+\/(\d+)$/.exec(header ?? '');
  return match === null ? { start: 0, size: length } : { start: Number(match[1]), size: Number(match[2]) };
}

/** The bytes of a range, out of an answer that may have more: not every server takes every range as it is meant. */
export function cutTo({ start, end }: ByteRange, body: Readable, bodyStart: number): Readable {
  const part = Readable.from(cut(body, start - bodyStart, end - start + 1), { objectMode: false });
  return part.once('close', () => body.destroy());
}

async function* cut(body: Readable, skip: number, count: number): AsyncGenerator<Uint8Array, void> {
  let position = -skip;
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    const wanted = piece.subarray(Math.max(0, -position), Math.max(0, count - position));
    position += piece.byteLength;
    if (wanted.byteLength > 0) yield wanted;
    if (position >= count) return;
  }
}
