import { BacksideError } from '@backside/protocol';
import { imageContentType, imageFormatOfType, sniffImage } from './image-format.js';

const MEDIA_TYPE = /^[a-z0-9!#$&^_.+-]{1,60}\/[a-z0-9!#$&^_.+-]{1,100}$/;
const UNKNOWN = 'application/octet-stream';

/** The media type of a file, and whether it is an image that is read here. */
export interface UploadType {
  readonly type: string;
  readonly isImage: boolean;
}

/**
 * Decides the type of a file by what the uploader says and by how the file begins. Throws `invalid-data` if one of them says image and
 * the other something else. Parameters are dropped, but for the character set of a text.
 */
export function uploadType(declared: string | undefined, head: Uint8Array): UploadType {
  const found = sniffImage(head);
  const bare = (declared ?? '').split(';', 1)[0]!.trim().toLowerCase();
  if (bare === '' || bare === UNKNOWN) return named(found === null ? UNKNOWN : imageContentType(found), found !== null);
  if (!MEDIA_TYPE.test(bare)) throw new BacksideError('invalid-data', 'this is no media type');
  const expected = imageFormatOfType(bare);
  if (expected !== found) {
    const reason = expected === null ? `an image cannot be a file of type ${bare}` : `the file is no ${bare}`;
    throw new BacksideError('invalid-data', reason);
  }
  if (expected !== null) return named(imageContentType(expected), true);
  const isUtf8 = bare.startsWith('text/') && /;\s*charset="?utf-8"?/i.test(declared ?? '');
  return named(isUtf8 ? `${bare}; charset=utf-8` : bare, false);
}

function named(type: string, isImage: boolean): UploadType {
  return { type, isImage };
}
