import { crc32, deflateSync } from 'node:zlib';
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

/** A PNG of a few bytes that says it has this many pixels, all of them there, each the same. */
export function bomb(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([1, 0, 0, 0, 0], 8);
  const line = Math.ceil(width / 8) + 1;
  const pixels = deflateSync(Buffer.alloc(Math.min(line * height, 64 * 1024 * 1024)), { level: 9 });
  return png([chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

/** A small JPEG whose header says that it is larger. */
export async function lyingJpeg(side: number): Promise<Buffer> {
  const bytes = await picture(16, 16).jpeg().toBuffer();
  const header = bytes.indexOf(Buffer.from('ffc0', 'hex'));
  bytes.writeUInt16BE(side, header + 5);
  bytes.writeUInt16BE(side, header + 7);
  return bytes;
}

/** A small GIF whose headers, of screen and frame, say that it is larger. */
export async function lyingGif(side: number): Promise<Buffer> {
  const bytes = await picture(16, 16).gif().toBuffer();
  for (const at of [6, bytes.indexOf(Buffer.from('2c0000000010001000', 'hex')) + 5]) {
    bytes.writeUInt16LE(side, at);
    bytes.writeUInt16LE(side, at + 2);
  }
  return bytes;
}

/** A PNG with a text of many megabytes, compressed to few bytes. */
export function textBomb(): Buffer {
  const header = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
  const text = Buffer.concat([Buffer.from('Comment\0\0'), deflateSync(Buffer.alloc(200 * 1024 * 1024), { level: 9 })]);
  const pixels = deflateSync(Buffer.from([0, 255]));
  const chunks = [chunk('IHDR', header), chunk('zTXt', text), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))];
  return png(chunks);
}

function png(chunks: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...chunks]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** The colour of one pixel: `[r, g, b]`. */
export async function pixel(bytes: Buffer, left: number, top: number): Promise<number[]> {
  const raw = await sharp(bytes).removeAlpha().extract({ left, top, width: 1, height: 1 }).raw().toBuffer();
  return [...raw.subarray(0, 3)];
}
