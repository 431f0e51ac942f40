import { randomBytes } from 'node:crypto';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { createImages } from './create-images.js';
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
} from './testing/hostile-pictures.js';
import { grownMemory } from './testing/peak-memory.js';
import { animation, picture } from './testing/pictures.js';

const images = createImages();
const THUMBNAIL = { width: 10 };

async function refusals(bytes: Buffer, using = images): Promise<unknown[]> {
  const attempts = [using.read(bytes), using.verify(bytes), using.transform(bytes, THUMBNAIL)];
  return Promise.all(
    attempts.map((attempt) =>
      attempt.then(
        (made) => made,
        (error: { code: string }) => error.code,
      ),
    ),
  );
}

describe('what is no image', () => {
  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['one byte', Buffer.from([0xff])],
    ['text', Buffer.from('hello')],
    ['noise', randomBytes(10_000)],
    ['a page', Buffer.from('<!doctype html><script>alert(1)</script>')],
    [
      'SVG',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'),
    ],
    [
      'SVG that names a file',
      Buffer.from('<svg xmlns:x="http://www.w3.org/1999/xlink"><image x:href="file:///etc/passwd"/></svg>'),
    ],
    ['a PDF', Buffer.from('%PDF-1.7\n1 0 obj<<>>endobj')],
    ['an archive', Buffer.from('PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaaaaa')],
    ['TIFF', Buffer.from('49492a000800000000000000', 'hex')],
    ['TIFF of thousands of pages', manyPages(5_000)],
    ['the beginning of a JPEG', Buffer.from('ffd8ffe0', 'hex')],
    ['the beginning of a PNG', Buffer.from('89504e470d0a1a0a', 'hex')],
    ['the beginning of a GIF', Buffer.from('GIF89a')],
    ['the beginning of a WebP', Buffer.from('RIFF\0\0\0\0WEBPVP8 ')],
    ['the beginning of an AVIF', Buffer.from('\0\0\0\x1cftypavif\0\0\0\0')],
    [
      'a PNG with another format inside',
      Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.from('<svg/>')]),
    ],
  ])('is refused: %s', async (_, bytes) => {
    expect(await refusals(bytes)).toEqual(['invalid-data', 'invalid-data', 'invalid-data']);
  });

  it('TIFF and SVG are refused also where the decoder would know them', async () => {
    const tiff = await picture(10, 10).tiff().toBuffer();
    expect(await refusals(tiff)).toEqual(['invalid-data', 'invalid-data', 'invalid-data']);
    await expect(sharp(tiff).toBuffer()).rejects.toThrow();
  });
});

describe('a broken image', () => {
  it.each(['jpeg', 'png', 'webp', 'avif', 'gif'] as const)('that is cut off is refused: %s', async (format) => {
    const noise = { type: 'gaussian', mean: 128, sigma: 50 } as const;
    const whole = await sharp({ create: { width: 200, height: 200, channels: 3, background: '#888', noise } })
      .toFormat(format)
      .toBuffer();
    for (const part of [0.3, 0.6, 0.9]) {
      const bytes = whole.subarray(0, Math.floor(whole.length * part));
      const [, verified, transformed] = await refusals(bytes);
      expect([part, verified, transformed]).toEqual([part, 'invalid-data', 'invalid-data']);
    }
  });

  it('with bytes changed here and there is refused or read, and ends nothing', async () => {
    for (const format of ['jpeg', 'png', 'webp', 'avif', 'gif'] as const) {
      const whole = await picture(64, 64).toFormat(format).toBuffer();
      for (let round = 0; round < 30; round++) {
        const bytes = Buffer.from(whole);
        for (let i = 0; i < 1 + (round % 5); i++)
          bytes[(round * 7919 + i * 104_729) % bytes.length] = (round * 31 + i) % 256;
        for (const outcome of await refusals(bytes)) {
          if (typeof outcome === 'string') expect(['invalid-data', 'too-large', 'timeout']).toContain(outcome);
        }
      }
    }
    expect(await images.read(await picture(4, 4).png().toBuffer())).toMatchObject({ width: 4 });
  });
});

describe('an image of too much', () => {
  it.each<[string, Buffer]>([
    ['30,000 by 30,000 pixels in few bytes', bomb(30_000, 30_000)],
    ['2,000,000,000 pixels', bomb(2_000_000, 1_000)],
    ['one very long line', bomb(100_000_000, 1)],
  ])('is refused by what its header says: %s', async (_, bytes) => {
    expect(bytes.length).toBeLessThan(200_000);
    expect(await refusals(bytes)).toEqual(['too-large', 'too-large', 'too-large']);
  });

  it('is refused also if most of it is only claimed', async () => {
    const lies = [await lyingJpeg(65_500), await lyingGif(65_535), await lyingWebp(16_383), await lyingAvif(60_000)];
    for (const bytes of lies) {
      expect(await refusals(bytes)).toEqual(['too-large', 'too-large', 'too-large']);
    }
  });

  it('that claims more than it has, within the limits, is refused or filled up', async () => {
    const lies = [await lyingJpeg(2_000), await lyingGif(2_000), await lyingWebp(2_000), await lyingAvif(2_000)];
    for (const bytes of lies) {
      const [claimed, verified, made] = await refusals(bytes);
      expect(claimed).toMatchObject({ width: 2_000, height: 2_000 });
      if (verified === 'invalid-data') expect(made).toBe('invalid-data');
      else expect(made).toMatchObject({ info: { width: 10, height: 10 } });
    }
  });

  it('is refused: bytes, pixels, frames, and pixels of all frames', async () => {
    const still = await picture(100, 100).png().toBuffer();
    const moving = await animation('gif', 12);
    const strict = (limits: object) => createImages({ limits });
    const all = ['too-large', 'too-large', 'too-large'];
    expect(await refusals(still, strict({ maxBytes: still.length - 1 }))).toEqual(all);
    expect(await refusals(still, strict({ maxPixels: 9_999 }))).toEqual(all);
    expect(await refusals(moving, strict({ maxFrames: 11 }))).toEqual(all);
    expect(await refusals(moving, strict({ maxTotalPixels: 20 * 20 * 12 - 1 }))).toEqual(all);
    const fitting = strict({ maxBytes: 100_000, maxPixels: 10_000, maxFrames: 12, maxTotalPixels: 10_000 });
    expect((await fitting.transform(still, THUMBNAIL)).info.width).toBe(10);
    expect((await fitting.transform(moving, THUMBNAIL)).info.frames).toBe(12);
  });

  it.each<[string, Buffer]>([
    ['a hundred thousand frames of one pixel', sparseGif(1, 1, 100_000)],
    ['a hundred frames of four million pixels, of which one is there', sparseGif(2_000, 2_000, 100)],
  ])('is refused also if its frames are next to nothing: %s', async (_, bytes) => {
    expect(await refusals(bytes)).toEqual(['too-large', 'too-large', 'too-large']);
  });

  it('is refused if it says thousands of times what its pixels are', async () => {
    const [, verified, made] = await refusals(await scanBomb(4_000, 5_000));
    expect([verified, made]).toEqual(['invalid-data', 'invalid-data']);
  });

  it.each(['zTXt', 'iTXt', 'iCCP'] as const)('is read without the %s of 200 MB that it carries', async (kind) => {
    const bytes = await partBomb(kind);
    let outcomes: unknown[] = [];
    const grown = await grownMemory(process.pid, async () => {
      outcomes = await refusals(bytes);
    });
    const [read, verified, made] = outcomes;
    expect(read).toEqual({ format: 'png', contentType: 'image/png', width: 1, height: 1, frames: 1 });
    expect(verified).toEqual(read);
    expect(JSON.stringify(made).length).toBeLessThan(1_000);
    expect(grown).toBeLessThan(100 * 1024 * 1024);
  });

  it('is not made in a format that takes too long for it', async () => {
    const large = await picture(3_000, 3_000).png().toBuffer();
    for (const format of ['avif', 'gif'] as const) {
      await expect(images.transform(large, { format })).rejects.toMatchObject({ code: 'too-large' });
    }
    expect((await images.transform(large, { format: 'avif', width: 100 })).info.width).toBe(100);
  });

  it('that does not come in time is given up, and lets the next one in', async () => {
    const impatient = createImages({ limits: { maxRunning: 1, timeoutSeconds: 1 } });
    const hanging = async function* (): AsyncGenerator<Uint8Array, void> {
      yield (await picture(10, 10).png().toBuffer()).subarray(0, 40);
      await new Promise(() => undefined);
    };
    await expect(impatient.transform(hanging(), THUMBNAIL)).rejects.toMatchObject({ code: 'timeout' });
    expect((await impatient.read(await picture(10, 10).png().toBuffer())).width).toBe(10);
  });

  it('is worked on only so many at a time, and beyond the line refused', async () => {
    const busy = createImages({ limits: { maxRunning: 1, maxWaiting: 2 } });
    const bytes = await picture(500, 500).png().toBuffer();
    const attempts = Array.from({ length: 5 }, () =>
      busy.transform(bytes, THUMBNAIL).then(
        () => 'made',
        (error) => error.code,
      ),
    );
    expect(await Promise.all(attempts)).toEqual(['made', 'made', 'made', 'rate-limited', 'rate-limited']);
    expect((await busy.transform(bytes, THUMBNAIL)).info.width).toBe(10);
  });
});

describe('an image that is something else as well', () => {
  it('loses the other when it is transformed', async () => {
    const polyglot = Buffer.concat([await pageInGif(), Buffer.from('PK\x05\x06')]);
    expect(await images.read(polyglot)).toMatchObject({ format: 'gif', width: 20 });
    for (const format of ['gif', 'png', 'jpeg'] as const) {
      const { bytes } = await images.transform(polyglot, { format });
      expect(bytes.includes('<script>')).toBe(false);
    }
  });
});
