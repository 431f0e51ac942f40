/** The formats that are read and written. */
export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'avif' | 'gif';

/** How many bytes from the start of a file `sniffImage` looks at. */
export const SNIFF_BYTES = 32;

const TYPES: Readonly<Record<ImageFormat, string>> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  avif: 'image/avif',
  gif: 'image/gif',
};

const AVIF_BRANDS: ReadonlySet<string> = new Set(['avif', 'avis']);

/** The format that the first bytes of a file say it has; null for any other, SVG among them. */
export function sniffImage(head: Uint8Array): ImageFormat | null {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, SNIFF_BYTES)).toString('latin1');
  if (text.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'png';
  if (/^GIF8[79]a/.test(text)) return 'gif';
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return 'webp';
  return text.slice(4, 8) === 'ftyp' && isAvif(text) ? 'avif' : null;
}

/** The major brand, or one of the compatible ones that fit into the first bytes. */
function isAvif(text: string): boolean {
  for (const at of [8, 16, 20, 24, 28]) if (AVIF_BRANDS.has(text.slice(at, at + 4))) return true;
  return false;
}

export function imageContentType(format: ImageFormat): string {
  return TYPES[format];
}

/** The format of a media type, with or without parameters; null if it is none that is read here. */
export function imageFormatOfType(contentType: string): ImageFormat | null {
  const type = contentType.split(';', 1)[0]!.trim().toLowerCase();
  if (type === 'image/jpg' || type === 'image/pjpeg') return 'jpeg';
  for (const [format, known] of Object.entries(TYPES)) if (known === type) return format as ImageFormat;
  return null;
}

/** Reads `jpg`, `jpeg`, `png`, `webp`, `avif` or `gif`, in any case; null for anything else. */
export function parseImageFormat(text: string): ImageFormat | null {
  const name = text.toLowerCase();
  if (name === 'jpg') return 'jpeg';
  return Object.hasOwn(TYPES, name) ? (name as ImageFormat) : null;
}
