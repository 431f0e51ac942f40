import type { LegacyCall } from '../endpoint.js';
import { LegacyError, required } from '../http/legacy-error.js';

const DEFAULT_FIELD = 'data';

/**
 * The contents that a request brings: the form's file, or the parameter, that `_name` names (`data` by default); a parameter is base64
 * unless `_encoding` says otherwise. Throws 400 if there are none.
 */
export function uploadedContent({
  params,
  files,
  control,
}: Pick<LegacyCall, 'params' | 'files' | 'control'>): Uint8Array {
  const field = control.name || DEFAULT_FIELD;
  const file = files.get(field);
  if (file !== undefined) return file.bytes;
  if (!params.has(field)) throw required(field);
  const encoding = control.encoding || 'base64';
  if (!Buffer.isEncoding(encoding)) throw new LegacyError(400, 'unknown _encoding');
  return Buffer.from(params.text(field), encoding);
}
