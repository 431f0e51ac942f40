import { blobKeyPart } from '@backside/media';
import { LegacyError, required } from '../http/legacy-error.js';
import type { Params } from '../http/params.js';

/** Of a part of a blob's key: longer ones would be kept by their hash, and not be found again when their owner goes. */
const MAX_ENCODED = 200;
/** What would lead elsewhere on a file system, and halves of characters. */
const UNSAFE = /[/\\\p{Cc}\p{Cs}]|^\.{1,2}$/u;

/** What a file is known by, whoever put it there. */
export interface FileName {
  readonly prefix: string;
  readonly name: string;
}

/** The parameters `prefix` and `name`. Throws 400 for what is no plain name. */
export function requireFileName(params: Params): FileName {
  return { prefix: plainName('prefix', params.text('prefix')), name: plainName('name', params.text('name')) };
}

/** Throws 400 if `text` is empty, too long, or more than a name. */
export function plainName(what: string, text: string): string {
  if (text === '') throw required(what);
  if (UNSAFE.test(text) || blobKeyPart(text).length > MAX_ENCODED) {
    throw new LegacyError(400, `invalid ${what}`);
  }
  return text;
}

/** A name with another extension, and a time before it; empty and null leave it alone. */
export function adjustedName(
  name: string,
  { ext, time }: { readonly ext: string; readonly time: number | null },
): string {
  const dot = name.lastIndexOf('.');
  const [stem, own] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  const suffix = ext === '' ? own : `.${ext.replace(/^\./, '')}`;
  return `${stem}${time === null ? '' : `-${time}`}${suffix}`;
}
