import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  bomb,
  lyingAvif,
  lyingGif,
  lyingJpeg,
  lyingWebp,
  manyPages,
  pageInGif,
  partBomb,
  scanBomb,
  sparseGif,
} from '../../packages/media/src/testing/hostile-pictures.js';
import { grownMemory } from '../../packages/media/src/testing/peak-memory.js';
import {
  animation,
  corners,
  picture,
  pixel,
  UPRIGHT,
  upperCorners,
} from '../../packages/media/src/testing/pictures.js';
import { type ServerHandle, startServer } from '../harness/server.js';

const MEBIBYTE = 1024 * 1024;
const NAMING_SVG = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink" width="9" height="9">
  <image x:href="file:///etc/passwd"/><image x:href="http://127.0.0.1:9/"/><script>alert(1)</script></svg>`;

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

it('a file of 200 MB goes in and out with memory for some pieces of it', async () => {
  const piece = new Uint8Array(MEBIBYTE).fill(7);
  let left = 200;
  const body = new ReadableStream({
    pull: (controller) => (left-- > 0 ? controller.enqueue(piece) : controller.close()),
  });
  const grown = await grownMemory(server.pid, async () => {
    const put = await ask('/files/large', { method: 'PUT', body, duplex: 'half' } as RequestInit);
    expect((await put.json()).size).toBe(200 * MEBIBYTE);
    let received = 0;
    for await (const bytes of (await ask('/files/large')).body!) received += bytes.byteLength;
    expect(received).toBe(200 * MEBIBYTE);
  });
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

  it('shows a picture upright that was taken in any orientation', async () => {
    for (const [orientation, colours] of Object.entries(UPRIGHT)) {
      const taken = corners(40, 20).withMetadata({ orientation: Number(orientation) });
      const node = await (await put('/photos/turned', await taken.jpeg({ quality: 95 }).toBuffer())).json();
      const [width, height] = Number(orientation) < 5 ? [40, 20] : [20, 40];
      expect(node).toMatchObject({ width, height });
      expect(await upperCorners(await bytesOf('/photos/turned?format=png'))).toEqual(colours);
    }
  });

  it('refuses hostile files plainly, within some memory, and lives on', async () => {
    const gif = await picture(20, 20).gif().toBuffer();
    const corpus: [string, Uint8Array, number][] = [
      ['900 million pixels in some kilobytes', bomb(30_000, 30_000), 413],
      ['2 billion pixels', bomb(2_000_000, 1_000), 413],
      ['a small JPEG that says it is large', await lyingJpeg(65_500), 413],
      ['a small GIF that says it is large', await lyingGif(65_535), 413],
      ['a small WebP that says it is large', await lyingWebp(16_383), 413],
      ['a small WebP that says it is larger', await lyingWebp(2_000), 400],
      ['a small AVIF that says it is large', await lyingAvif(60_000), 413],
      ['a small AVIF that says it is larger', await lyingAvif(2_000), 400],
      ['an image of more bytes than images may have', Buffer.concat([gif, Buffer.alloc(21 * MEBIBYTE)]), 413],
      ['more frames than there may be', await animation('gif', 201, 2), 413],
      ['100,000 frames of a pixel', sparseGif(1, 1, 100_000), 413],
      ['100 frames of nothing on a large screen', sparseGif(2_000, 2_000, 100), 413],
      ['the same pixels 5,000 times', await scanBomb(4_000, 5_000), 400],
      ['a PNG that is none', Buffer.from('\x89PNG\r\n\x1a\n<html>', 'latin1'), 400],
      ['a WebP that is none', Buffer.from('RIFF\xff\xff\xff\xffWEBPVP8X', 'latin1'), 400],
    ];
    for (const format of ['jpeg', 'png', 'webp', 'avif', 'gif'] as const) {
      corpus.push([`the first half of a ${format}`, await cutOff(format), 400]);
    }
    const grown = await grownMemory(server.pid, async () => {
      for (const [name, bytes, status] of corpus) {
        const answer = await put('/photos/hostile', bytes);
        const { error } = await answer.json();
        expect([name, answer.status]).toEqual([name, status]);
        expect(error.message).not.toMatch(/vips|sharp|libpng|\/tmp/i);
        expect((await ask('/photos/hostile')).status).toBe(404);
      }
    });
    expect(grown).toBeLessThan(200 * MEBIBYTE);
    expect((await put('/photos/fine', gif)).status).toBe(200);
  });

  it.each<[string, Uint8Array, string, string]>([
    ['a TIFF of thousands of pages', manyPages(5_000), 'image/tiff', 'image/tiff'],
    ['a TIFF of which nobody says that it is one', manyPages(2), '', 'application/octet-stream'],
    ['an SVG that names files and hosts', Buffer.from(NAMING_SVG), 'image/svg+xml', 'image/svg+xml'],
    ['an SVG of which nobody says that it is one', Buffer.from(NAMING_SVG), '', 'application/octet-stream'],
  ])('takes for no picture, and lets nobody open by accident: %s', async (_, bytes, said, served) => {
    const headers = said === '' ? {} : { 'content-type': said };
    const stored = await ask('/files/none', { method: 'PUT', body: new Uint8Array(bytes), headers });
    const node = await stored.json();
    expect([stored.status, node.type, node.width]).toEqual([200, served, undefined]);
    expect((await ask('/files/none?width=10')).status).toBe(400);
    const answer = await ask('/files/none');
    expect(answer.headers.get('content-type')).toBe(served);
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment;/);
    expectHarmless(answer);
    const lie = await ask('/files/lie', {
      method: 'PUT',
      body: new Uint8Array(bytes),
      headers: { 'content-type': 'image/png' },
    });
    expect(lie.status).toBe(400);
  });

  it('stores what is a picture and a page as a picture, which it is for nobody else', async () => {
    const polyglot = await pageInGif();
    const asPage = { method: 'PUT', body: new Uint8Array(polyglot), headers: { 'content-type': 'text/html' } };
    expect((await ask('/photos/polyglot', asPage)).status).toBe(400);
    expect((await put('/photos/polyglot?name=page.html', polyglot)).status).toBe(200);
    const answer = await ask('/photos/polyglot');
    expect(answer.headers.get('content-type')).toBe('image/gif');
    expect(answer.headers.get('content-disposition')).toMatch(/^inline; filename="page.html"/);
    expectHarmless(answer);
    const made = await ask('/photos/polyglot?width=10');
    expectHarmless(made);
    expect(Buffer.from(await made.arrayBuffer()).includes('<script>')).toBe(false);
  });

  it('does not unpack what a picture carries beside its pixels', async () => {
    for (const kind of ['zTXt', 'iTXt', 'iCCP'] as const) {
      const bytes = await partBomb(kind);
      const grown = await grownMemory(server.pid, async () => {
        expect([kind, (await put('/photos/part', bytes)).status]).toEqual([kind, 200]);
        expect((await bytesOf('/photos/part?format=webp')).length).toBeLessThan(1_000);
      });
      expect(grown).toBeLessThan(150 * MEBIBYTE);
    }
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

async function cutOff(format: 'jpeg' | 'png' | 'webp' | 'avif' | 'gif'): Promise<Buffer> {
  const whole = await picture(300, 300).toFormat(format).toBuffer();
  return whole.subarray(0, whole.length / 2);
}

/** The type is not guessed, and nothing in it may run, load or be framed. */
function expectHarmless({ headers }: Response): void {
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox; frame-ancestors 'none'");
}
