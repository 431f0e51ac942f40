import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { crc32, createDeflate, deflateSync } from 'node:zlib';
import { picture } from './pictures.js';

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

/** A PNG of one pixel with a part of 200 MB beside it, compressed to few bytes: a text, described text (XMP), or a colour profile. */
export async function partBomb(kind: 'zTXt' | 'iTXt' | 'iCCP'): Promise<Buffer> {
  const heads = { zTXt: 'Comment\0\0', iTXt: 'XML:com.adobe.xmp\0\x01\0\0\0', iCCP: 'profile\0\0' };
  const header = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
  const part = Buffer.concat([Buffer.from(heads[kind], 'latin1'), await deflatedZeros(200)]);
  const pixels = deflateSync(Buffer.from([0, 255]));
  return png([chunk('IHDR', header), chunk(kind, part), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

/** Made in small pieces, so that whoever measures memory sees what unpacking takes. */
function deflatedZeros(mebibytes: number): Promise<Buffer> {
  const piece = Buffer.alloc(1024 * 1024);
  const zeros = Readable.from(Array.from({ length: mebibytes }, () => piece));
  return buffer(zeros.pipe(createDeflate()));
}

/** A GIF of 15 bytes per frame, each of one pixel on a screen of this size. */
export function sparseGif(width: number, height: number, frames: number): Buffer {
  const screen = Buffer.from('GIF89a\0\0\0\0\x80\0\0\0\0\0\xff\xff\xff', 'latin1');
  screen.writeUInt16LE(width, 6);
  screen.writeUInt16LE(height, 8);
  const frame = Buffer.from('2c0000000001000100000202440100', 'hex');
  return Buffer.concat([screen, ...Array.from({ length: frames }, () => frame), Buffer.from(';')]);
}

/** A small WebP whose header says that it is larger. */
export async function lyingWebp(side: number): Promise<Buffer> {
  const bytes = await picture(16, 16).webp().toBuffer();
  const size = bytes.indexOf(Buffer.from('9d012a', 'hex')) + 3;
  bytes.writeUInt16LE(side, size);
  bytes.writeUInt16LE(side, size + 2);
  return bytes;
}

/** A small AVIF of which the box that says its size says that it is larger. */
export async function lyingAvif(side: number): Promise<Buffer> {
  const bytes = await picture(16, 16).avif().toBuffer();
  const box = bytes.indexOf('ispe');
  bytes.writeUInt32BE(side, box + 8);
  bytes.writeUInt32BE(side, box + 12);
  return bytes;
}

/** A progressive JPEG that says its last scan over and over: little to send, all pixels to go through for each. */
export async function scanBomb(side: number, scans: number): Promise<Buffer> {
  const bytes = await picture(side, side).jpeg({ progressive: true }).toBuffer();
  const last = bytes.lastIndexOf(Buffer.from('ffda', 'hex'));
  const scan = bytes.subarray(last, -2);
  return Buffer.concat([bytes.subarray(0, last), ...Array.from({ length: scans }, () => scan), bytes.subarray(-2)]);
}

/** A TIFF of this many pages of one pixel. */
export function manyPages(pages: number): Buffer {
  const header = Buffer.from('49492a0008000000', 'hex');
  const fields: [tag: number, value: number][] = [
    [256, 1],
    [257, 1],
    [258, 8],
    [259, 1],
    [262, 1],
    [273, 0],
    [279, 1],
  ];
  const pageBytes = 2 + 12 * fields.length + 4;
  const directory = (page: number): Buffer => {
    const bytes = Buffer.alloc(pageBytes);
    bytes.writeUInt16LE(fields.length);
    for (const [i, [tag, value]] of fields.entries()) {
      bytes.writeUInt16LE(tag, 2 + 12 * i);
      bytes.writeUInt16LE(3, 4 + 12 * i);
      bytes.writeUInt32LE(1, 6 + 12 * i);
      bytes.writeUInt32LE(value, 10 + 12 * i);
    }
    bytes.writeUInt32LE(page === pages - 1 ? 0 : 8 + pageBytes * (page + 1), pageBytes - 4);
    return bytes;
  };
  return Buffer.concat([header, ...Array.from({ length: pages }, (_, page) => directory(page))]);
}

/** A picture, and a page with a script for whoever takes it for one: in a comment of the GIF, and behind its end. */
export async function pageInGif(): Promise<Buffer> {
  const page = Buffer.from('<html><script>alert(document.domain)</script></html>');
  const gif = await picture(20, 20).gif().toBuffer();
  const comment = Buffer.concat([Buffer.from([0x21, 0xfe, page.length]), page, Buffer.from([0])]);
  const start = 13 + 3 * 2 ** ((gif[10]! & 7) + 1); // behind the header and its colours
  return Buffer.concat([gif.subarray(0, start), comment, gif.subarray(start), page]);
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
