import type { ParsedUrlQuery } from 'node:querystring';
import { BacksideError } from '@backside/protocol';
import type { Format, Query } from '@backside/tree';
import { queryOf } from './query-parameters.js';
import type { TreeParameterName } from './tree-parameters.js';
import { parseWriteSize, type WriteSize } from './write-size.js';

/** What the query string asks for, besides who asks and of which database. */
export interface Parameters {
  readonly print: 'pretty' | 'silent' | null;
  readonly shallow: boolean;
  readonly format: Format;
  /** The function that a script is to call with the answer (JSONP). */
  readonly callback: string | null;
  /** The name of a file to save the answer as. */
  readonly download: string | null;
  readonly timeoutMs: number | null;
  readonly writeSize: WriteSize | null;
  /** With `shallow`, of the keys. */
  readonly query: Query | null;
}

const NONE: Parameters = {
  print: null,
  shallow: false,
  format: 'val',
  callback: null,
  download: null,
  timeoutMs: null,
  writeSize: null,
  query: null,
};

/** Longer names are no names. */
const CALLBACK = /^[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*$/;
const MAX_CALLBACK_CHARACTERS = 128;
const MAX_TIMEOUT_MS = 15 * 60_000;
const TIMEOUT = /^(\d{1,9})(ms|s|min)$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, min: 60_000 };

/** Throws `invalid-query`, saying what is wrong. Names that mean nothing here are ignored. */
export function parseParameters(source: ParsedUrlQuery): Parameters {
  if (!hasAny(source)) return NONE;
  const text = (name: TreeParameterName): string | null => textOf(source, name);
  const shallow = text('shallow') === 'true';
  const query = queryOf(text, shallow);
  return {
    print: oneOf('print', text('print'), ['pretty', 'silent']),
    shallow,
    format: oneOf('format', text('format'), ['export']) ?? 'val',
    callback: callbackOf(text('callback')),
    download: text('download'),
    timeoutMs: timeoutOf(text('timeout')),
    writeSize: parseWriteSize(text('writeSizeLimit')),
    query,
  };
}

function hasAny(source: ParsedUrlQuery): boolean {
  for (const _name in source) return true;
  return false;
}

/** Throws `invalid-query` if it was given more than once. */
export function textOf(source: ParsedUrlQuery, name: TreeParameterName): string | null {
  const value = source[name];
  if (Array.isArray(value)) throw new BacksideError('invalid-query', `${name} was given more than once`);
  return value ?? null;
}

function oneOf<Word extends string>(name: string, text: string | null, words: readonly Word[]): Word | null {
  if (text === null) return null;
  const word = words.find((candidate) => candidate === text);
  if (word === undefined) throw new BacksideError('invalid-query', `${name} must be ${words.join(' or ')}`);
  return word;
}

function callbackOf(name: string | null): string | null {
  if (name === null || (name.length <= MAX_CALLBACK_CHARACTERS && CALLBACK.test(name))) return name;
  throw new BacksideError('invalid-query', 'callback must be the name of a function');
}

function timeoutOf(text: string | null): number | null {
  if (text === null) return null;
  const [, count, unit] = TIMEOUT.exec(text) ?? [];
  const timeoutMs = Number(count) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
  if (timeoutMs >= 1 && timeoutMs <= MAX_TIMEOUT_MS) return timeoutMs;
  throw new BacksideError('invalid-query', 'timeout must be a number of ms, s or min, at most 15min');
}
