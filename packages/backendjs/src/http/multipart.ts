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
  const fields = new Map<string, Json>();
  const files = new Map<string, UploadedFile>();
  return new Promise((resolve, reject) => {
    const source = Readable.from(request.body ?? []);
    const fail = (error: unknown): void => {
      source.destroy();
      reject(error instanceof LegacyError ? error : malformed(error));
    };
    const guarded = (bytes: number): boolean => {
      try {
        account.take(bytes);
        return true;
      } catch (error) {
        fail(error);
        return false;
      }
    };
    parser.on('field', (name, value, _nameCut, valueCut) => {
      if (valueCut) fail(new LegacyError(413, 'Request body is too large'));
      else if (guarded(Buffer.byteLength(value))) addField(fields, name, value);
    });
    parser.on('file', (name, stream, filename, _encoding, contentType) => {
      const chunks: Uint8Array[] = [];
      stream.on('data', (chunk: Uint8Array) => {
        if (guarded(chunk.length)) chunks.push(chunk);
      });
      stream.on('error', fail);
      stream.on('end', () => files.set(name, { filename: filename ?? '', contentType, bytes: Buffer.concat(chunks) }));
    });
    for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const) {
      parser.on(limit, () => fail(new LegacyError(413, 'The form has too many parts')));
    }
    parser.on('error', fail);
    parser.on('finish', () => resolve({ fields: [...fields], files }));
    source.on('error', fail);
    source.pipe(parser);
  });
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

function addField(fields: Map<string, Json>, name: string, value: string): void {
  const there = fields.get(name);
  if (there === undefined) fields.set(name, value);
  else fields.set(name, Array.isArray(there) ? [...there, value] : [there, value]);
}

function malformed(cause: unknown): LegacyError {
  const error = new LegacyError(400, 'The form cannot be read');
  error.cause = cause;
  return error;
}
