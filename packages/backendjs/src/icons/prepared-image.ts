import { type ImageInfo, type Images, type ImageTransform, parseImageFormat } from '@backside/media';
import type { Control } from '../http/control.js';
import { LegacyError } from '../http/legacy-error.js';

const COLOUR = /^#[0-9a-f]{6}$/i;

/** A picture as it is kept: upright, without metadata, made anew from its pixels. */
export interface PreparedImage {
  readonly bytes: Uint8Array;
  readonly info: ImageInfo;
  /** `jpg`, `png`, `gif`, `webp` or `avif`. */
  readonly ext: string;
}

type Wishes = Pick<Control, 'width' | 'height' | 'rotate' | 'quality' | 'bgcolor' | 'ext' | 'brightness' | 'contrast'>;

/** Makes the picture that a request asks for. Rejects with `invalid-data`, `too-large` and so on as `Images.transform` does. */
export async function prepareImage(images: Images, bytes: Uint8Array, wishes: Wishes): Promise<PreparedImage> {
  const made = await images.transform(bytes, transformOf(wishes));
  const { format } = made.info;
  return { ...made, ext: format === 'jpeg' ? 'jpg' : format };
}

/** Negative sizes never enlarge; 0 and nothing keep the size. Throws 400 for a format that is not written here, such as jp2. */
function transformOf(wishes: Wishes): ImageTransform {
  const { width, height, rotate, quality, bgcolor, ext, brightness, contrast } = wishes;
  const turn = Number.isFinite(rotate) ? rotate % 360 : 0;
  const format = parseImageFormat(ext);
  if (ext !== '' && format === null) throw new LegacyError(400, 'images are jpg, png, gif, webp or avif');
  return {
    ...(size(width) > 0 && { width: size(width) }),
    ...(size(height) > 0 && { height: size(height) }),
    enlarge: !(width < 0 || height < 0),
    ...(format !== null && { format }),
    ...(turn !== 0 && { rotate: turn }),
    ...(quality >= 1 && quality <= 100 && { quality: Math.round(quality) }),
    ...(Number.isFinite(brightness) && { brightness }),
    ...(Number.isFinite(contrast) && { contrast }),
    ...(COLOUR.test(bgcolor) && { background: bgcolor }),
  };
}

function size(pixels: number): number {
  return Number.isFinite(pixels) ? Math.abs(Math.trunc(pixels)) : 0;
}
