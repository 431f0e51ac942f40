import type { Media } from '@backside/media';
import type { BackendjsContext } from '../context.js';
import type { LegacyCall, LegacyEndpoint } from '../endpoint.js';
import { blobAnswer } from '../files/blob-answer.js';
import { type BlobName, LegacyBlobs } from '../files/legacy-blobs.js';
import type { LegacyAnswer } from '../http/answer.js';
import { required } from '../http/legacy-error.js';
import type { MessageImages, MessageName } from '../messages/message-images.js';
import { equals } from '../rows/condition.js';
import { Rows } from '../rows/rows.js';
import { ARCHIVE, MESSAGES, SENT } from '../rows/tables.js';
import { MESSAGE_PREFIX } from './icon-name.js';
import { notFound } from './icon-requests.js';
import { type PreparedImage, prepareImage } from './prepared-image.js';

const UNSAID = Number.NaN;
const AS_IT_IS = {
  ...{ width: UNSAID, height: UNSAID, rotate: UNSAID, quality: UNSAID, brightness: UNSAID, contrast: UNSAID },
  ...{ bgcolor: '', ext: '' },
};

/** The pictures of messages: each recipient has one of its own, which goes with its message. Null where no media are kept. */
export function createMessagePictures({ media, database }: BackendjsContext): MessageImages | null {
  if (media === null) return null;
  const blobs = new LegacyBlobs(media.blobs, database.name);
  const prepared = new WeakMap<Uint8Array, Promise<PreparedImage>>();
  return {
    put: async (message, bytes) => {
      const making = prepared.get(bytes) ?? prepareImage(media.images, bytes, AS_IT_IS);
      prepared.set(bytes, making);
      const { bytes: kept, info, ext } = await making;
      await blobs.put(pictureName(message), kept, info.contentType);
      return ext;
    },
    remove: (message) => blobs.remove(pictureName(message)),
  };
}

/** `/message/image`: the picture of a message that the caller has, in whatever box. */
export function messageImageEndpoints(context: BackendjsContext): LegacyEndpoint[] {
  const { media } = context;
  return media === null ? [] : [{ paths: ['/message/image'], serve: (call) => serve(call, media) }];
}

/** Throws 400 without `sender` or `mtime`, 404 if there is no such picture. */
async function serve(call: LegacyCall, media: Media): Promise<LegacyAnswer> {
  const { id } = call.requireAccount();
  const [sender, mtime] = [call.params.text('sender'), call.params.text('mtime')];
  if (sender === '') throw required('sender');
  if (mtime === '') throw required('mtime');
  const recipient = await recipientOf(call.context, { id, sender, mtime });
  const blobs = new LegacyBlobs(media.blobs, call.context.database.name);
  const blob = recipient === null ? null : await blobs.get(pictureName({ recipient, sender, mtime }));
  if (blob === null) throw notFound();
  return blobAnswer(blob, call.request);
}

/** Whose copy of the message the caller may see: its own, or a recipient's of one that it sent. */
async function recipientOf(
  { database, tree }: BackendjsContext,
  { id, sender, mtime }: { id: string; sender: string; mtime: string },
): Promise<string | null> {
  const rows = new Rows(database, tree);
  const has = [MESSAGES, ARCHIVE].some((box) => rows.get(box, { id, mtime, sender }) !== null);
  if (has) return id;
  if (sender !== id) return null;
  const [sent] = await rows.all(SENT, [equals(SENT, 'id', id), equals(SENT, 'mtime', mtime)]);
  return typeof sent?.recipient === 'string' ? sent.recipient : null;
}

function pictureName({ recipient, sender, mtime }: MessageName): BlobName {
  return ['images', recipient, MESSAGE_PREFIX, `${mtime}:${sender}`];
}
