import { BacksideError } from '@backside/protocol';
import type { FormatEnum, Sharp } from 'sharp';
import type { ImageFormat } from './image-format.js';
import type { ImageLimits } from './image-limits.js';
import type { ImageFit, ImageInfo, ImageTransform } from './images.js';

const FITS: ReadonlySet<string> = new Set<ImageFit>(['cover', 'contain', 'fill', 'inside', 'outside']);
const ANIMATED: ReadonlySet<ImageFormat> = new Set<ImageFormat>(['gif', 'webp']);
const OPAQUE: ReadonlySet<ImageFormat> = new Set<ImageFormat>(['jpeg']);
const TRANSPARENT = { r: 0, g: 0, b: 0, alpha: 0 };

/** Throws `invalid-data` for what makes no sense, `too-large` for a picture that would be too large. */
export function checkTransform(transform: ImageTransform, limits: ImageLimits): void {
  for (const name of ['width', 'height'] as const) {
    const side = transform[name];
    if (side === undefined) continue;
    if (!Number.isInteger(side) || side < 1) throw wrong(name, 'a whole number from 1');
    if (side > limits.maxOutputSide) throw new BacksideError('too-large', `"${name}" is above ${limits.maxOutputSide}`);
  }
  const { fit, quality, rotate, background } = transform;
  if (fit !== undefined && !FITS.has(fit)) throw wrong('fit', `one of ${[...FITS].join(', ')}`);
  if (quality !== undefined && (!Number.isInteger(quality) || quality < 1 || quality > 100)) {
    throw wrong('quality', 'a whole number from 1 to 100');
  }
  if (rotate !== undefined && !Number.isInteger(rotate / 90)) throw wrong('rotate', 'a multiple of 90');
  for (const name of ['brightness', 'contrast'] as const) {
    if (!(Math.abs(transform[name] ?? 0) <= 100)) throw wrong(name, 'a number from -100 to 100');
  }
  if (background !== undefined && !/^#[0-9a-f]{6}$/i.test(background)) throw wrong('background', '"#rrggbb"');
}

/** Whether all frames are to be read: more than one, and a format that can hold them. */
export function keepsAnimation({ frames, format }: ImageInfo, transform: ImageTransform): boolean {
  return frames > 1 && ANIMATED.has(transform.format ?? format);
}

/** Adds the steps of a checked transform to a pipeline, in the order in which people think of them: upright, turned, resized, encoded. */
export function applyTransform(pipeline: Sharp, input: ImageInfo, transform: ImageTransform): Sharp {
  const { width, height, fit = 'inside', rotate = 0, enlarge = false, background } = transform;
  const format = transform.format ?? input.format;
  const behind = background ?? TRANSPARENT;
  if (!keepsAnimation(input, transform)) pipeline.autoOrient();
  else if (rotate % 360 !== 0) throw new BacksideError('invalid-data', 'an animation cannot be rotated');
  if (rotate % 360 !== 0) pipeline.rotate(rotate);
  if (width !== undefined || height !== undefined) {
    pipeline.resize({
      ...(width !== undefined && { width }),
      ...(height !== undefined && { height }),
      fit,
      withoutEnlargement: !enlarge,
      background: behind,
    });
  }
  if (background !== undefined) pipeline.flatten({ background });
  else if (OPAQUE.has(format)) pipeline.flatten({ background: '#000000' });
  light(pipeline, transform);
  return encode(pipeline, format, transform.quality);
}

/** A line through the middle grey, turned by the contrast and lifted by the brightness; transparency stays. */
function light(pipeline: Sharp, { brightness = 0, contrast = 0 }: ImageTransform): void {
  if (brightness === 0 && contrast === 0) return;
  const steepest = 255;
  const slope = Math.min(steepest, Math.tan((Math.PI * (contrast / 100 + 1)) / 4));
  // In 8 bits a channel, whatever the picture has: the numbers below are of such.
  pipeline.pipelineColourspace('srgb').linear(slope, 127.5 * (1 - slope) + 2.55 * brightness);
}

/** Effort is kept low where a format would take seconds for a few bytes less. */
function encode(pipeline: Sharp, format: ImageFormat, quality: number | undefined): Sharp {
  switch (format) {
    case 'jpeg':
      return pipeline.jpeg({ quality: quality ?? 80 });
    case 'png':
      return pipeline.png();
    case 'webp':
      return pipeline.webp({ quality: quality ?? 80 });
    case 'avif':
      return pipeline.avif({ quality: quality ?? 50, effort: 2 });
    case 'gif':
      return pipeline.gif({ effort: 3 });
  }
}

/** Throws `too-large` if the picture that comes out would be. */
export function checkOutput(input: ImageInfo, transform: ImageTransform, limits: ImageLimits): void {
  const { width, height } = outputSize(input, transform);
  const frames = keepsAnimation(input, transform) ? input.frames : 1;
  if (Math.max(width, height) > limits.maxOutputSide) {
    throw new BacksideError('too-large', `a picture with a side of more than ${limits.maxOutputSide} pixels`);
  }
  const pixels = width * height * frames;
  const format = transform.format ?? input.format;
  const most = isCostly(format, frames) ? limits.maxCostlyPixels : limits.maxTotalPixels;
  if (width * height > limits.maxPixels || pixels > most) {
    throw new BacksideError('too-large', `a ${format} of too many pixels`);
  }
}

/** Encoders that take seconds for what others do at once, and hear of no time limit meanwhile. */
function isCostly(format: ImageFormat, frames: number): boolean {
  return format === 'avif' || format === 'gif' || frames > 1;
}

/** No less than what comes out. */
function outputSize(input: ImageInfo, { width, height, fit, enlarge = false, rotate = 0 }: ImageTransform) {
  const turned = rotate % 180 !== 0;
  const from = turned ? { width: input.height, height: input.width } : input;
  if (width === undefined && height === undefined) return from;
  if (width !== undefined && height !== undefined && fit !== 'outside') return { width, height };
  const scale = Math.max((width ?? 0) / from.width, (height ?? 0) / from.height);
  const applied = enlarge ? scale : Math.min(1, scale);
  return { width: Math.ceil(from.width * applied), height: Math.ceil(from.height * applied) };
}

/** Our name of a format that the decoder found. */
export function formatOfDecoder(
  name: keyof FormatEnum | undefined,
  compression: string | undefined,
): ImageFormat | null {
  switch (name) {
    case 'jpeg':
    case 'png':
    case 'webp':
    case 'gif':
      return name;
    case 'heif':
      return compression === 'av1' ? 'avif' : null;
    default:
      return null;
  }
}

function wrong(name: string, expected: string): BacksideError {
  return new BacksideError('invalid-data', `"${name}" must be ${expected}`);
}
