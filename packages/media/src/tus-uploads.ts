import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { authorOf, BacksideError, ERRORS, toBacksideError } from '@backside/protocol';
import { parsePath } from '@backside/tree';
import { MemoryLocker, Server, type ServerOptions, type Upload } from '@tus/server';
import type { MediaContext } from './media-context.js';
import type { ResumableUploads } from './resumable-uploads.js';
import { refuseByProtocol } from './tus-protocol.js';
import { TusStore } from './tus-store.js';
import type { UploadRecord, UploadRecords } from './upload-records.js';
import type { Uploader } from './uploader.js';
import type { Uploads } from './uploads.js';

const UPLOAD_ID = /^[0-9a-f]{32}$/;
const PATH = '/.uploads';

interface TusParts {
  readonly context: MediaContext;
  readonly records: UploadRecords;
  readonly uploads: Uploads;
}

/**
 * The protocol is the library's; who may do what is decided here: by the rules when an upload is announced and again when it is
 * complete, and in between only whoever announced it goes on with it.
 */
export class TusUploads implements ResumableUploads {
  readonly #parts: TusParts;
  readonly #uploaders = new AsyncLocalStorage<Uploader>();
  readonly #server: Server;
  /** Those that are being described in the tree. */
  readonly #finishing = new Map<string, Promise<void>>();

  constructor(parts: TusParts) {
    this.#parts = parts;
    const store = new TusStore(parts, () => this.#uploader());
    this.#server = new Server({ ...this.#options(), datastore: store });
  }

  #options(): Omit<ServerOptions, 'datastore'> & { path: string } {
    const { limits, randomBytes } = this.#parts.context;
    return {
      path: PATH,
      maxSize: () => limits.maxFileBytes,
      locker: new MemoryLocker(),
      allowedOrigins: () => false,
      namingFunction: () => randomBytes(16).toString('hex'),
      generateUrl: (request, { id }) => `${PATH}/${id}${databaseOf(request.url)}`,
      getFileIdFromRequest: (request) => idOf(request.url),
      onUploadCreate: (_request, upload) => this.#announce(upload),
      onIncomingRequest: (request, id) => this.#admit(request.method, id),
      onUploadFinish: async (_request, upload) => {
        await this.#finish(upload.id);
        return {};
      },
      onResponseError: (_request, error) => this.#answer(error),
    };
  }

  async handle(request: IncomingMessage, response: ServerResponse, uploader: Uploader): Promise<void> {
    if (refuseByProtocol(request, response)) return;
    await this.#uploaders.run(uploader, () => this.#server.handle(request, response));
  }

  #uploader(): Uploader {
    const uploader = this.#uploaders.getStore();
    if (uploader === undefined) throw new BacksideError('internal', 'an upload by no one');
    return uploader;
  }

  async #announce({ metadata, size }: Upload): Promise<{ metadata?: Upload['metadata'] }> {
    const principal = this.#uploader().current();
    const said = readMetadata(metadata ?? {});
    if (size === undefined) throw new BacksideError('invalid-data', 'the length of the upload is missing');
    await this.#parts.uploads.assertMayUpload({ principal, size, ...said });
    return {};
  }

  /** Lets only the author near. Who asks about an upload that is complete, but not yet described, has it described first. */
  async #admit(method: string, id: string): Promise<void> {
    if (method === 'POST') return;
    const record = await this.#parts.records.find(id);
    if (record === null || record.author !== authorOf(this.#uploader().current())) {
      throw new BacksideError('not-found', 'there is no such upload');
    }
    if (method !== 'HEAD' || record.finished) return;
    if ((await this.#parts.records.offset(id)) === record.size) await this.#finish(id);
  }

  #finish(id: string): Promise<void> {
    const underWay = this.#finishing.get(id);
    if (underWay !== undefined) return underWay;
    const finishing = this.#describe(id).finally(() => this.#finishing.delete(id));
    this.#finishing.set(id, finishing);
    return finishing;
  }

  async #describe(id: string): Promise<void> {
    const { records, uploads } = this.#parts;
    const record = await records.find(id);
    if (record === null) throw new BacksideError('not-found', 'there is no such upload');
    if (record.finished) return;
    const uploader = this.#uploader();
    const principal = uploader.current();
    const source = records.bytes(id);
    try {
      await uploads.upload({ principal, uploader, source, size: record.size, ...readMetadata(record.metadata) });
    } catch (error) {
      if (isFinal(error)) await records.remove(id);
      throw error;
    }
    await records.finish(record);
  }

  /** The library's own refusals have a status of their own; one of them, for more bytes than there may be, comes as an error. */
  #answer(error: Error | { status_code: number; body: string }): { status_code: number; body: string } {
    if (!(error instanceof Error)) return error;
    const isTooLarge = 'status_code' in error && error.status_code === ERRORS['too-large'].httpStatus;
    const refusal = isTooLarge ? new BacksideError('too-large', undefined, { cause: error }) : toBacksideError(error);
    const { code } = refusal;
    if (code === 'internal') this.#parts.context.logger.error({ err: error }, 'an upload failed');
    const message = code === 'internal' ? ERRORS.internal.stompMessage : refusal.message;
    return { status_code: ERRORS[code].httpStatus, body: JSON.stringify({ error: { code, message } }) };
  }
}

/** Whether no request that comes later can succeed. Whose credential held no more may come back with another. */
function isFinal(error: unknown): boolean {
  const { code } = toBacksideError(error);
  return code !== 'unauthenticated' && !ERRORS[code].retry;
}

/** Throws `invalid-data` without a path, `invalid-path` with a wrong one. */
function readMetadata(
  metadata: UploadRecord['metadata'],
): Pick<UploadRecord, 'path'> & { name?: string; type?: string } {
  const { path, filename, filetype } = metadata;
  if (typeof path !== 'string')
    throw new BacksideError('invalid-data', 'the metadata must have "path": the path of the file');
  return { path: parsePath(path), ...(filename && { name: filename }), ...(filetype && { type: filetype }) };
}

function idOf(url: string): string | undefined {
  const last = new URL(url, 'http://localhost').pathname.split('/').at(-1)!;
  return UPLOAD_ID.test(last) ? last : undefined;
}

/** Which database the upload is for stays in its address; a token does not. */
function databaseOf(url: string): string {
  const name = new URL(url, 'http://localhost').searchParams.get('ns');
  return name === null ? '' : `?ns=${encodeURIComponent(name)}`;
}
