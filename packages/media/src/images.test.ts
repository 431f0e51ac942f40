import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { createImages } from './create-images.js';
import type { ImageTransform } from './images.js';
import { animation, corners, picture, pixel, UPRIGHT, upperCorners } from './testing/pictures.js';

const images = createImages();

describe('reading an image', () => {
  it.each(['jpeg', 'png', 'webp', 'avif', 'gif'] as const)('tells format and size of %s', async (format) => {
    const bytes = await picture(40, 20).toFormat(format).toBuffer();
    const expected = { format, contentType: `image/${format}`, width: 40, height: 20, frames: 1 };
    expect(await images.read(bytes)).toEqual(expected);
    expect(await images.verify(bytes)).toEqual(expected);
  });

  it('reads a stream', async () => {
    const bytes = await picture(40, 20).png().toBuffer();
    const source = async function* (): AsyncGenerator<Uint8Array, void> {
      for (const byte of bytes) yield Buffer.from([byte]);
    };
    expect(await images.read(source())).toMatchObject({ width: 40, height: 20 });
  });

  it.each(['gif', 'webp'] as const)('counts the frames of %s', async (format) => {
    expect(await images.read(await animation(format, 5))).toMatchObject({ width: 20, height: 20, frames: 5 });
  });

  it('gives width and height as they are shown', async () => {
    const bytes = await picture(40, 20).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    expect(await images.read(bytes)).toMatchObject({ width: 20, height: 40 });
  });
});

describe('transforming an image', () => {
  it.each<[ImageTransform, number, number]>([
    [{ width: 10 }, 10, 5],
    [{ height: 10 }, 20, 10],
    [{ width: 10, height: 10 }, 10, 5],
    [{ width: 10, height: 10, fit: 'outside' }, 20, 10],
    [{ width: 10, height: 10, fit: 'cover' }, 10, 10],
    [{ width: 10, height: 10, fit: 'contain' }, 10, 10],
    [{ width: 10, height: 10, fit: 'fill' }, 10, 10],
    [{ width: 80 }, 40, 20],
    [{ width: 80, enlarge: true }, 80, 40],
    [{ rotate: 90 }, 20, 40],
    [{ rotate: -90, width: 10 }, 10, 20],
    [{ format: 'png' }, 40, 20],
  ])('with %j gives %i by %i', async (transform, width, height) => {
    const made = await images.transform(await picture(40, 20).png().toBuffer(), transform);
    expect(made.info).toMatchObject({ width, height });
    const { width: actualWidth, height: actualHeight } = await sharp(made.bytes).metadata();
    expect([actualWidth, actualHeight]).toEqual([width, height]);
  });

  it.each(['jpeg', 'png', 'webp', 'avif', 'gif'] as const)('writes %s', async (format) => {
    const made = await images.transform(await picture(40, 20).png().toBuffer(), { width: 20, format });
    expect(made.info).toMatchObject({ format, width: 20, height: 10 });
    expect(await images.read(made.bytes)).toEqual(made.info);
  });

  it('turns the picture upright and takes all metadata out', async () => {
    const tagged = await picture(40, 20)
      .withExif({ IFD0: { Copyright: 'a secret place', Orientation: '6' } })
      .withMetadata({ orientation: 6 })
      .jpeg({ quality: 100 })
      .toBuffer();
    const { bytes, info } = await images.transform(tagged, { quality: 100 });
    expect(info).toMatchObject({ width: 20, height: 40 });
    const metadata = await sharp(bytes).metadata();
    expect(metadata).not.toHaveProperty('exif');
    expect(metadata).not.toHaveProperty('icc');
    expect(metadata).not.toHaveProperty('xmp');
    expect(metadata.orientation ?? 1).toBe(1);
    expect(bytes.includes('a secret place')).toBe(false);
    expect((await pixel(bytes, 10, 2))[0]).toBeGreaterThan(150);
    expect((await pixel(bytes, 10, 38))[2]).toBeGreaterThan(150);
  });

  it.each(Object.keys(UPRIGHT))('turns a picture upright that was taken in orientation %s', async (orientation) => {
    for (const format of ['jpeg', 'png', 'webp', 'avif'] as const) {
      const options = { quality: 95 };
      const taken = corners(40, 20).withMetadata({ orientation: Number(orientation) });
      const bytes = await taken.toFormat(format, options).toBuffer();
      const [width, height] = Number(orientation) < 5 ? [40, 20] : [20, 40];
      expect(await images.verify(bytes)).toMatchObject({ width, height });
      const made = await images.transform(bytes, { format: 'png' });
      expect(made.info).toMatchObject({ width, height });
      expect([format, await upperCorners(made.bytes)]).toEqual([format, UPRIGHT[Number(orientation)]]);
    }
  });

  it.each([
    ['gif', 'gif', 4],
    ['gif', 'webp', 4],
    ['webp', 'gif', 4],
    ['gif', 'png', 1],
    ['webp', 'jpeg', 1],
    ['gif', 'avif', 1],
  ] as const)('makes of a moving %s a %s of %i frames', async (from, format, frames) => {
    const { info } = await images.transform(await animation(from, 4), { width: 10, format });
    expect(info).toEqual({ format, contentType: `image/${format}`, width: 10, height: 10, frames });
  });

  it.each([
    [{ brightness: 20 }, [251, 71, 71]],
    [{ brightness: -20 }, [149, 0, 0]],
    [{ contrast: 50 }, [255, 0, 0]],
    [{ contrast: -100 }, [128, 128, 128]],
    [{ brightness: 100 }, [255, 255, 255]],
    [{ contrast: 100 }, [255, 0, 0]],
  ])('makes a picture lighter, darker or starker by %o', async (transform, [red, green, blue]) => {
    for (const depth of ['srgb', 'rgb16']) {
      const bytes = await picture(40, 20).toColourspace(depth).png().toBuffer();
      const made = await images.transform(bytes, transform);
      const pixels = await sharp(made.bytes).toColourspace('srgb').removeAlpha().raw().toBuffer();
      for (const [at, wanted] of [red!, green!, blue!].entries()) {
        expect(Math.abs(pixels[at]! - wanted), depth).toBeLessThan(3);
      }
    }
  });

  it('leaves what is transparent so, however light it gets', async () => {
    const clear = await sharp({ create: { width: 4, height: 4, channels: 4, background: '#ff000080' } })
      .png()
      .toBuffer();
    const { bytes } = await images.transform(clear, { brightness: 50, contrast: 30 });
    expect((await sharp(bytes).ensureAlpha().raw().toBuffer())[3]).toBe(128);
  });

  it('makes smaller files of lower quality', async () => {
    const noise = await sharp({
      create: {
        width: 200,
        height: 200,
        channels: 3,
        background: '#888',
        noise: { type: 'gaussian', mean: 128, sigma: 40 },
      },
    })
      .png()
      .toBuffer();
    const sizes: number[] = [];
    for (const quality of [10, 90]) {
      sizes.push((await images.transform(noise, { format: 'jpeg', quality })).bytes.length);
    }
    expect(sizes[0]).toBeLessThan(sizes[1]! / 2);
  });

  it('puts the background behind what is transparent', async () => {
    const clear = await sharp({
      create: { width: 10, height: 10, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    })
      .png()
      .toBuffer();
    const { bytes } = await images.transform(clear, { format: 'jpeg', background: '#00ff00', quality: 100 });
    expect((await pixel(bytes, 5, 5))[1]).toBeGreaterThan(240);
  });

  it.each<[ImageTransform, string]>([
    [{ width: 0 }, 'invalid-data'],
    [{ width: 1.5 }, 'invalid-data'],
    [{ height: -3 }, 'invalid-data'],
    [{ width: Number.NaN }, 'invalid-data'],
    [{ width: 100_000 }, 'too-large'],
    [{ quality: 0 }, 'invalid-data'],
    [{ quality: 101 }, 'invalid-data'],
    [{ rotate: 45 }, 'invalid-data'],
    [{ brightness: 101 }, 'invalid-data'],
    [{ contrast: Number.NaN }, 'invalid-data'],
    [{ fit: 'stretch' as 'fill' }, 'invalid-data'],
    [{ background: 'red' }, 'invalid-data'],
  ])('refuses %j', async (transform, code) => {
    const bytes = await picture(40, 20).png().toBuffer();
    await expect(images.transform(bytes, transform)).rejects.toMatchObject({ code });
  });

  it('refuses to turn an animation', async () => {
    const bytes = await animation('gif', 3);
    await expect(images.transform(bytes, { rotate: 90 })).rejects.toMatchObject({ code: 'invalid-data' });
    expect((await images.transform(bytes, { rotate: 90, format: 'png' })).info.frames).toBe(1);
  });

  it('refuses what would grow beyond the limits', async () => {
    const thin = await picture(2, 2_000).png().toBuffer();
    await expect(images.transform(thin, { width: 1_000, enlarge: true })).rejects.toMatchObject({ code: 'too-large' });
    const small = await picture(10, 10).png().toBuffer();
    const large = { width: 9_000, height: 9_000, fit: 'fill', enlarge: true } as const;
    await expect(images.transform(small, large)).rejects.toMatchObject({ code: 'too-large' });
  });
});
