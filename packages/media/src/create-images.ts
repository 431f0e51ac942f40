import { Readable } from 'node:stream';
import { BacksideError } from '@backside/protocol';
import sharp, { type Metadata, type Sharp, type SharpOptions } from 'sharp';
import type { ByteSource } from './blob-store.js';
import { peek, readAll, sourceOf } from './byte-source.js';
import { Deadline } from './deadline.js';
import { imageContentType, SNIFF_BYTES, sniffImage } from './image-format.js';
import { DEFAULT_IMAGE_LIMITS, type ImageLimits } from './image-limits.js';
import { applyTransform, checkOutput, checkTransform, formatOfDecoder, keepsAnimation } from './image-transform.js';
import type { ImageInfo, Images, ImageTransform, TransformedImage } from './images.js';
import { Turns } from './turns.js';

export interface ImagesOptions {
  readonly limits?: Partial<ImageLimits>;
}

/**
 * Pictures through libvips, in its own threads. Only the decoders of the five formats are let run in this process, whatever the bytes
 * look like.
 */
export function createImages(options: ImagesOptions = {}): Images {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({
    operation: [
      'VipsForeignLoadJpeg',
      'VipsForeignLoadPng',
      'VipsForeignLoadWebp',
      'VipsForeignLoadNsgif',
      'VipsForeignLoadHeif',
    ],
  });
  sharp.cache(false);
  return new SharpImages({ ...DEFAULT_IMAGE_LIMITS, ...options.limits });
}

class SharpImages implements Images {
  readonly limits: ImageLimits;
  readonly #turns: Turns;

  constructor(limits: ImageLimits) {
    this.limits = limits;
    this.#turns = new Turns(limits);
  }

  read(input: Uint8Array | ByteSource): Promise<ImageInfo> {
    return this.#work(input, (bytes) => this.#info(bytes));
  }

  verify(input: Uint8Array | ByteSource): Promise<ImageInfo> {
    return this.#work(input, async (bytes) => {
      const info = await this.#info(bytes);
      await this.#run(this.#pipeline(bytes, false).resize(16, 16, { fit: 'fill', fastShrinkOnLoad: false }).raw());
      return info;
    });
  }

  async transform(input: Uint8Array | ByteSource, transform: ImageTransform): Promise<TransformedImage> {
    checkTransform(transform, this.limits);
    return this.#work(input, async (bytes) => {
      const info = await this.#info(bytes);
      checkOutput(info, transform, this.limits);
      const pipeline = this.#pipeline(bytes, keepsAnimation(info, transform));
      const made = await this.#run(applyTransform(pipeline, info, transform));
      return { bytes: made, info: await this.#info(made) };
    });
  }

  /** In its turn, which lasts until the decoder is really done, also when whoever asked has been told before that it takes too long. */
  #work<T>(input: Uint8Array | ByteSource, work: (bytes: Buffer) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const turn = async (): Promise<void> => {
        const deadline = new Deadline(this.limits.timeoutSeconds * 1_000);
        try {
          const working = work(await deadline.within(this.#bytesOf(input)));
          deadline.within(working).then(resolve, reject);
          await working;
        } finally {
          deadline.end();
        }
      };
      this.#turns.take(turn).catch(reject);
    }).finally(() => {
      // What was opened and then refused is read by nobody.
      if (input instanceof Readable) input.destroy();
    });
  }

  async #bytesOf(input: Uint8Array | ByteSource): Promise<Buffer> {
    const source = input instanceof Uint8Array ? sourceOf(input) : input;
    const { all } = await peek(source, SNIFF_BYTES, assertImage);
    return readAll(all, this.limits.maxBytes);
  }

  /** Refuses too many pixels by what the headers say, before any is decoded. */
  async #info(bytes: Buffer): Promise<ImageInfo> {
    const metadata = await refusing(() => sharp(bytes, { limitInputPixels: false }).metadata());
    const info = describe(metadata, bytes);
    this.#checkSize(info);
    return info;
  }

  #checkSize({ width, height, frames }: ImageInfo): void {
    const { maxPixels, maxFrames, maxTotalPixels } = this.limits;
    const pixels = width * height;
    if (pixels > maxPixels) throw new BacksideError('too-large', `an image of more than ${maxPixels} pixels`);
    if (frames > maxFrames) throw new BacksideError('too-large', `an animation of more than ${maxFrames} frames`);
    if (pixels * frames > maxTotalPixels) {
      throw new BacksideError('too-large', `an animation of more than ${maxTotalPixels} pixels in all`);
    }
  }

  #pipeline(bytes: Buffer, animated: boolean): Sharp {
    const options: SharpOptions = {
      failOn: 'error',
      limitInputPixels: this.limits.maxTotalPixels,
      sequentialRead: true,
      animated,
    };
    return sharp(bytes, options).timeout({ seconds: this.limits.timeoutSeconds });
  }

  #run(pipeline: Sharp): Promise<Buffer> {
    return refusing(() => pipeline.toBuffer());
  }
}

function assertImage(head: Uint8Array): void {
  if (sniffImage(head) === null) throw new BacksideError('invalid-data', 'this is no image that can be read');
}

function describe(metadata: Metadata, bytes: Buffer): ImageInfo {
  const format = formatOfDecoder(metadata.format, metadata.compression);
  if (format === null || format !== sniffImage(bytes)) {
    throw new BacksideError('invalid-data', 'this is no image that can be read');
  }
  const { pages = 1, autoOrient } = metadata;
  return { format, contentType: imageContentType(format), ...autoOrient, frames: pages };
}

/** What the decoder says is for the log: it may quote the file. */
async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BacksideError) throw error;
    const text = error instanceof Error ? error.message : '';
    if (/timeout/i.test(text)) throw new BacksideError('timeout', 'the image takes too long', { cause: error });
    if (/pixel limit/i.test(text)) throw new BacksideError('too-large', 'too many pixels', { cause: error });
    throw new BacksideError('invalid-data', 'the image is broken', { cause: error });
  }
}
