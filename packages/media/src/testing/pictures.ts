import sharp, { type Sharp } from 'sharp';

const RED = { r: 200, g: 20, b: 20 };
const BLUE = { r: 20, g: 20, b: 200 };

/** Left half red, right half blue. */
export function picture(width: number, height: number): Sharp {
  const right = { create: { width: Math.ceil(width / 2), height, channels: 3 as const, background: BLUE } };
  return sharp({ create: { width, height, channels: 3, background: RED } }).composite([
    { input: right, left: Math.floor(width / 2), top: 0 },
  ]);
}

/** Upper left red, upper right green, lower left blue, lower right white. */
export function corners(width: number, height: number): Sharp {
  const create = { width: width / 2, height: height / 2, channels: 3 as const };
  return sharp({ create: { width, height, channels: 3, background: '#ff0000' } }).composite([
    { input: { create: { ...create, background: '#00ff00' } }, left: width / 2, top: 0 },
    { input: { create: { ...create, background: '#0000ff' } }, left: 0, top: height / 2 },
    { input: { create: { ...create, background: '#ffffff' } }, left: width / 2, top: height / 2 },
  ]);
}

/**
 * By the orientation that a camera may note (EXIF): which of `corners` are above when the picture is shown, left and right.
 */
export const UPRIGHT: Readonly<Record<number, readonly [left: string, right: string]>> = {
  1: ['red', 'green'],
  2: ['green', 'red'],
  3: ['white', 'blue'],
  4: ['blue', 'white'],
  5: ['red', 'blue'],
  6: ['blue', 'red'],
  7: ['white', 'green'],
  8: ['green', 'white'],
};

/** The colours of the two upper corners of a picture made of `corners`. */
export async function upperCorners(bytes: Buffer): Promise<string[]> {
  const { width } = await sharp(bytes).metadata();
  const colours = await Promise.all([3, width - 4].map((left) => pixel(bytes, left, 3)));
  return colours.map(([r, g, b]) => {
    const on = [r, g, b].map((part) => (part! > 127 ? 1 : 0)).join('');
    return { '100': 'red', '010': 'green', '001': 'blue', '111': 'white' }[on] ?? on;
  });
}

/** An animation whose frames differ. */
export async function animation(format: 'gif' | 'webp', frames: number, side = 20): Promise<Buffer> {
  const pages = await Promise.all(
    Array.from({ length: frames }, (_, i) =>
      sharp({ create: { width: side, height: side, channels: 3, background: { r: (i * 20) % 256, g: 0, b: 50 } } })
        .png()
        .toBuffer(),
    ),
  );
  return sharp(pages, { join: { animated: true } })
    .toFormat(format, { delay: Array.from({ length: frames }, () => 100), loop: 0 })
    .toBuffer();
}

/** The colour of one pixel: `[r, g, b]`. */
export async function pixel(bytes: Buffer, left: number, top: number): Promise<number[]> {
  const raw = await sharp(bytes).removeAlpha().extract({ left, top, width: 1, height: 1 }).raw().toBuffer();
  return [...raw.subarray(0, 3)];
}
