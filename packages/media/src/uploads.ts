import type { Readable } from 'node:stream';
import { BacksideError, type Principal, toBacksideError } from '@backside/protocol';
import type { Path } from '@backside/tree';
import type { Claim, StoredBytes } from './blob-index.js';
import { limited, peek, sentBy, sourceOf } from './byte-source.js';
import { assertCondition, isConditional } from './conditions.js';
import { assertFilePath, findFile } from './described-file.js';
import { SNIFF_BYTES } from './image-format.js';
import { checkTransform } from './image-transform.js';
import type { UploadCondition, UploadRequest } from './media.js';
import type { MediaContext } from './media-context.js';
import type { MediaNode } from './media-node.js';
import { type UploadType, uploadType } from './upload-type.js';

const MAX_NAME_LENGTH = 255;
/** Rules that look at a file see these before its bytes are known. */
const NOT_YET = { blob: '0'.repeat(32), hash: '0'.repeat(64) };

/** What was stored, and what is to be said of it. */
interface Received {
  readonly bytes: StoredBytes;
  readonly type: string;
  readonly width?: number;
  readonly height?: number;
}

/** Takes files in. */
export class Uploads {
  readonly #context: MediaContext;

  constructor(context: MediaContext) {
    this.#context = context;
  }

  async upload(request: UploadRequest): Promise<MediaNode> {
    await this.assertMayUpload(request);
    const received = await this.#receive(request);
    const { index, now, randomBytes } = this.#context;
    const by = { token: randomBytes(12).toString('base64url'), now: now() };
    const claim = await index.claim(received.bytes, request.path, by);
    if (claim.blob !== received.bytes.blob) await this.#drop(received.bytes.blob);
    const node = describe(request, received, claim.blob);
    try {
      await this.#write({ ...request, principal: request.uploader?.current() ?? request.principal }, node);
    } catch (error) {
      if (hadNoEffect(error)) await this.#takeBack(claim);
      throw error;
    }
    return node;
  }

  async #takeBack(claim: Claim): Promise<void> {
    const { index, now } = this.#context;
    await index.release(claim);
    if (!(await index.doom(claim.blob, now()))) return;
    await this.#drop(claim.blob);
    await index.buried(claim.blob);
  }

  /** Rejects as `upload` would, as far as is known before the first byte. */
  async assertMayUpload(request: Omit<UploadRequest, 'source'>): Promise<void> {
    const { principal, path, size = 0, type = 'application/octet-stream', name } = request;
    assertFilePath(path);
    const { maxFileBytes } = this.#context.limits;
    if (size > maxFileBytes) throw new BacksideError('too-large', `more than ${maxFileBytes} bytes`);
    if (request.transform !== undefined) checkTransform(request.transform, this.#context.images.limits);
    this.#context.rights.assertWrite(principal, path, { ...NOT_YET, name: nameOf(name, path), type, size });
    if (isConditional(request)) await this.#checkCondition(principal, path, request);
  }

  async remove(principal: Principal, path: Path, condition: UploadCondition = {}): Promise<void> {
    assertFilePath(path);
    this.#context.rights.assertWrite(principal, path, null);
    if ((await findFile(this.#context, path)) === null) throw new BacksideError('not-found', 'there is no file');
    await this.#write({ principal, path, ...condition }, null);
  }

  async #receive(request: UploadRequest): Promise<Received> {
    const { limits, keys, blobs, randomBytes } = this.#context;
    const source = limited(sentBy(request.uploader, request.source), limits.maxFileBytes);
    const { seen: found, all } = await peek(source, SNIFF_BYTES, (head) => uploadType(request.type, head));
    const blob = randomBytes(16).toString('hex');
    const size = request.size === undefined ? {} : { size: request.size };
    const { etag: hash, size: bytes } = await blobs.put(keys.blob(blob), all, { contentType: found.type, ...size });
    const stored = { blob, hash, size: bytes };
    try {
      return await this.#examine(request, stored, found);
    } catch (error) {
      await this.#drop(blob);
      throw error;
    }
  }

  /** Images are looked at once they are stored, so that few are in memory at a time. */
  async #examine({ transform }: UploadRequest, bytes: StoredBytes, { type, isImage }: UploadType): Promise<Received> {
    const { images } = this.#context;
    if (transform === undefined) {
      if (!isImage) return { bytes, type };
      const { width, height } = await images.verify(await this.#open(bytes));
      return { bytes, type, width, height };
    }
    const made = await images.transform(await this.#open(bytes), transform);
    const stored = await this.#replace(bytes, made.bytes, made.info.contentType);
    const { contentType, width, height } = made.info;
    return { bytes: stored, type: contentType, width, height };
  }

  async #replace({ blob }: StoredBytes, bytes: Buffer, contentType: string): Promise<StoredBytes> {
    const { blobs, keys } = this.#context;
    const { etag: hash, size } = await blobs.put(keys.blob(blob), sourceOf(bytes), { contentType });
    return { blob, hash, size };
  }

  async #open({ blob }: StoredBytes): Promise<Readable> {
    const opened = await this.#context.blobs.get(this.#context.keys.blob(blob));
    if (opened === null) throw new BacksideError('internal', 'what was stored is not there');
    return opened.body;
  }

  #drop(blob: string): Promise<void> {
    return this.#context.blobs.delete(this.#context.keys.blob(blob));
  }

  /** Writes the node as the principal, on condition that nothing changed since the condition was found to hold. */
  async #write(request: Pick<UploadRequest, 'principal' | 'path'> & UploadCondition, node: MediaNode | null) {
    const { principal, path } = request;
    const revision = isConditional(request) ? await this.#checkCondition(principal, path, request) : null;
    await this.#context.database.write({
      principal,
      steps: [node === null ? { method: 'remove', path } : { method: 'set', path, value: node }],
      ...(revision !== null && { preconditions: [{ path, revision }] }),
    });
  }

  /** Resolves with the revision at which it holds. Rejects with `permission-denied` for who may not read what is there. */
  async #checkCondition(principal: Principal, path: Path, condition: UploadCondition): Promise<number> {
    const { rights, database } = this.#context;
    rights.assertRead(principal, path);
    const { revision } = database;
    const file = await findFile(this.#context, path);
    assertCondition(condition, file?.record.hash ?? null);
    return revision;
  }
}

function describe({ name, path }: UploadRequest, { bytes, type, width, height }: Received, blob: string): MediaNode {
  const { hash, size } = bytes;
  return {
    blob,
    name: nameOf(name, path),
    type,
    size,
    hash,
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
  };
}

/** The last part of what the uploader calls the file, without characters that only harm. */
function nameOf(name: string | undefined, path: Path): string {
  const last = (name ?? '').split(/[/\\]/).at(-1)!;
  const clean = last.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '').trim();
  return clean === '' || clean === '.' || clean === '..'
    ? path.at(-1)!
    : Array.from(clean).slice(0, MAX_NAME_LENGTH).join('');
}

/** After `unavailable` and unknown failures the node may have been written: the collector will see. */
function hadNoEffect(error: unknown): boolean {
  const { code } = toBacksideError(error);
  return code !== 'unavailable' && code !== 'internal';
}
