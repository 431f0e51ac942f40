import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { animation, bomb, picture, pixel, textBomb } from '../../packages/media/src/testing/pictures.js';
import { type ServerHandle, startServer } from '../harness/server.js';

const MEBIBYTE = 1024 * 1024;

let server: ServerHandle;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${server.httpPort}/.media${path}`, init);
}

async function put(path: string, bytes: Uint8Array): Promise<Response> {
  return ask(path, { method: 'PUT', body: new Uint8Array(bytes) });
}

async function bytesOf(path: string): Promise<Buffer> {
  const answer = await ask(path);
  expect(answer.status).toBe(200);
  return Buffer.from(await answer.arrayBuffer());
}

/** Bytes of memory that the server has held at most. */
async function peakMemory(): Promise<number> {
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
  return Number(/VmHWM:\s*(\d+)/.exec(status)![1]) * 1024;
}

it('a file of 200 MB goes in and out with memory for some pieces of it', async () => {
  const piece = new Uint8Array(MEBIBYTE).fill(7);
  let left = 200;
  const body = new ReadableStream({
    pull: (controller) => (left-- > 0 ? controller.enqueue(piece) : controller.close()),
  });
  const before = await peakMemory();
  const put = await ask('/files/large', { method: 'PUT', body, duplex: 'half' } as RequestInit);
  expect((await put.json()).size).toBe(200 * MEBIBYTE);
  let received = 0;
  for await (const bytes of (await ask('/files/large')).body!) received += bytes.byteLength;
  expect(received).toBe(200 * MEBIBYTE);
  const grown = (await peakMemory()) - before;
  process.stderr.write(`200 MB in and out: resident memory grew by ${(grown / MEBIBYTE).toFixed(0)} MB at most\n`);
  expect(grown).toBeLessThan(64 * MEBIBYTE);
});

describe('a server with pictures', () => {
  it('describes a photo in the tree, and shows it upright and small, without where it was made', async () => {
    const photo = await picture(400, 200)
      .withExif({ IFD0: { Copyright: 'a secret place' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const node = await (await put('/photos/one', photo)).json();
    expect(node).toMatchObject({ type: 'image/jpeg', width: 200, height: 400, size: photo.length });
    const tree = await fetch(`http://127.0.0.1:${server.httpPort}/photos/one/width.json`);
    expect(await tree.json()).toBe(200);
    const small = await bytesOf('/photos/one?width=50&format=png');
    expect(small.readUInt32BE(16)).toBe(50);
    expect(small.readUInt32BE(20)).toBe(100);
    expect((await pixel(small, 25, 5))[0]).toBeGreaterThan(150);
    expect((await pixel(small, 25, 95))[2]).toBeGreaterThan(150);
    expect(small.includes('a secret place')).toBe(false);
  });

  it('keeps an animation moving', async () => {
    await put('/photos/moving', await animation('gif', 6));
    const small = await bytesOf('/photos/moving?width=10&format=webp');
    expect(small.toString('latin1').match(/ANMF/g)).toHaveLength(6);
  });

  it('refuses hostile files plainly, and lives on', async () => {
    const gif = await picture(20, 20).gif().toBuffer();
    const corpus: [string, Uint8Array, number][] = [
      ['900 million pixels in some kilobytes', bomb(30_000, 30_000), 413],
      ['2 billion pixels', bomb(2_000_000, 1_000), 413],
      ['an image of more bytes than images may have', Buffer.concat([gif, Buffer.alloc(21 * MEBIBYTE)]), 413],
      ['more frames than there may be', await animation('gif', 201, 2), 413],
      ['the first half of a picture', await cutOff(), 400],
      ['a PNG that is none', Buffer.from('\x89PNG\r\n\x1a\n<html>', 'latin1'), 400],
      ['a WebP that is none', Buffer.from('RIFF\xff\xff\xff\xffWEBPVP8X', 'latin1'), 400],
    ];
    for (const [name, bytes, status] of corpus) {
      const answer = await put('/photos/hostile', bytes);
      const { error } = await answer.json();
      expect([name, answer.status]).toEqual([name, status]);
      expect(error.message).not.toMatch(/vips|sharp|libpng|\/tmp/i);
      expect((await ask('/photos/hostile')).status).toBe(404);
    }
    expect((await put('/photos/fine', gif)).status).toBe(200);
  });

  it('stores what is a picture and something else as a picture', async () => {
    const polyglot = Buffer.concat([await picture(20, 20).gif().toBuffer(), Buffer.from('<script>alert(1)</script>')]);
    expect((await put('/photos/polyglot', polyglot)).status).toBe(200);
    const answer = await ask('/photos/polyglot');
    expect(answer.headers.get('content-type')).toBe('image/gif');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    expect((await bytesOf('/photos/polyglot?width=10')).includes('<script>')).toBe(false);
  });

  it('does not unpack what a picture carries beside its pixels', async () => {
    const before = await peakMemory();
    const answer = await put('/photos/text', textBomb());
    expect([200, 400, 413]).toContain(answer.status);
    expect((await peakMemory()) - before).toBeLessThan(190 * MEBIBYTE);
  });

  it('makes many small pictures at once, and answers other questions meanwhile', async () => {
    await put('/photos/large', await picture(2_000, 2_000).jpeg().toBuffer());
    const sizes = Array.from({ length: 20 }, (_, i) => 100 + i);
    const making = Promise.all(sizes.map((width) => ask(`/photos/large?width=${width}`)));
    const health = await fetch(`http://127.0.0.1:${server.httpPort}/photos/large/size.json`);
    expect(health.status).toBe(200);
    expect((await making).map(({ status }) => status)).toEqual(sizes.map(() => 200));
  });
});

async function cutOff(): Promise<Buffer> {
  const whole = await picture(300, 300).jpeg().toBuffer();
  return whole.subarray(0, whole.length / 2);
}
