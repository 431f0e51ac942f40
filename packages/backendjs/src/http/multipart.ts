import { Readable } from 'node:stream';
import type { Json } from '@backside/tree';
import { Busboy, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy';
import type { BodyAccount } from './collected-body.js';
import { LegacyError } from './legacy-error.js';
import type { LegacyRequest } from './legacy-request.js';
import type { UploadedFile } from './uploaded-file.js';

const MAX_FIELDS = 1_000;
const MAX_FILES = 32;
const MAX_NAME_BYTES = 256;
const MAX_FIELD_BYTES = 10 * 1024 * 1024;

export interface MultipartForm {
  readonly fields: readonly (readonly [string, Json])[];
  readonly files: ReadonlyMap<string, UploadedFile>;
}

/** Reads a multipart form within the limits of the request. Throws 400 for what is none, 413 past a limit. Repeated fields become lists. */
export function readMultipart(request: LegacyRequest, account: BodyAccount): Promise<MultipartForm> {
  const parser = createParser(request);
  return new Promise((resolve, reject) => {
    new MultipartReader(account, { resolve, reject }).read(Readable.from(request.body ?? []), parser);
  });
}

interface Outcome {
  readonly resolve: (form: MultipartForm) => void;
  readonly reject: (error: LegacyError) => void;
}

/** Collects the parts of one form. */
class MultipartReader {
  readonly #account: BodyAccount;
  readonly #outcome: Outcome;
  readonly #fields: Map<string, Json> = new Map();
  readonly #files: Map<string, UploadedFile> = new Map();
  #source: Readable | null = null;

  constructor(account: BodyAccount, outcome: Outcome) {
    this.#account = account;
    this.#outcome = outcome;
  }

  read(source: Readable, parser: BusboyInstance): void {
    this.#source = source;
    parser.on('field', (name, value, _nameCut, valueCut) => {
      if (valueCut) this.#fail(new LegacyError(413, 'Request body is too large'));
      else if (this.#take(Buffer.byteLength(value))) this.#addField(name, value);
    });
    parser.on('file', (name, stream, filename, _encoding, contentType) => {
      this.#addFile(name, stream, { filename: filename ?? '', contentType });
    });
    for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const) {
      parser.on(limit, () => this.#fail(new LegacyError(413, 'The form has too many parts')));
    }
    parser.on('error', (error: unknown) => this.#fail(error));
    parser.on('finish', () => this.#outcome.resolve({ fields: [...this.#fields], files: this.#files }));
    source.on('error', (error) => this.#fail(error));
    source.pipe(parser);
  }

  #addField(name: string, value: string): void {
    const there = this.#fields.get(name);
    if (there === undefined) this.#fields.set(name, value);
    else this.#fields.set(name, Array.isArray(there) ? [...there, value] : [there, value]);
  }

  #addFile(name: string, stream: Readable, about: Pick<UploadedFile, 'filename' | 'contentType'>): void {
    const chunks: Uint8Array[] = [];
    stream.on('data', (chunk: Uint8Array) => {
      if (this.#take(chunk.length)) chunks.push(chunk);
    });
    stream.on('error', (error) => this.#fail(error));
    stream.on('end', () => this.#files.set(name, { ...about, bytes: Buffer.concat(chunks) }));
  }

  #take(bytes: number): boolean {
    try {
      this.#account.take(bytes);
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  #fail(error: unknown): void {
    this.#source?.destroy();
    this.#outcome.reject(error instanceof LegacyError ? error : malformed(error));
  }
}

function createParser(request: LegacyRequest): BusboyInstance {
  try {
    return Busboy({
      headers: request.headers as BusboyHeaders,
      limits: { fields: MAX_FIELDS, files: MAX_FILES, fieldNameSize: MAX_NAME_BYTES, fieldSize: MAX_FIELD_BYTES },
    });
  } catch (error) {
    throw malformed(error);
  }
}

function malformed(cause: unknown): LegacyError {
  const error = new LegacyError(400, 'The form cannot be read');
  error.cause = cause;
  return error;
}
