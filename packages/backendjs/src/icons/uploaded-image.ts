import type { LegacyCall } from '../endpoint.js';

export interface UploadedImage {
  readonly bytes: Uint8Array;
  /** As the client named it; empty if it did not. */
  readonly filename: string;
}

/** The picture that a request brings: the file `icon` of a form, or base64 in the parameter `icon`. Null if there is none. */
export function uploadedImage({ params, files }: Pick<LegacyCall, 'params' | 'files'>): UploadedImage | null {
  const file = files.get('icon');
  const image = file ?? { bytes: Buffer.from(params.text('icon'), 'base64'), filename: '' };
  return image.bytes.length === 0 ? null : image;
}
