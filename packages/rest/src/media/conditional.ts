import type { IncomingHttpHeaders } from 'node:http';

const STRONG_OR_WEAK = /(?:W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/g;

/** What a file is known by. */
export interface Version {
  /** Without quotes; strong. */
  readonly etag: string;
  /** Milliseconds since the epoch. */
  readonly modified: number;
}

/** The ETags of an `If-Match` or `If-None-Match` header, without quotes; undefined without the header. A weak one never matches in `If-Match`. */
export function parseEtags(
  header: string | undefined,
  weak: 'counts' | 'ignored',
): readonly string[] | '*' | undefined {
  if (header === undefined) return undefined;
  if (header.trim() === '*') return '*';
  const found = [...header.matchAll(STRONG_OR_WEAK)];
  return found.filter(([text]) => weak === 'counts' || text.startsWith('"')).map(([, etag = '']) => etag);
}

/** What a conditional read is answered with (RFC 9110, 13.2.2). */
export function judge(headers: IncomingHttpHeaders, version: Version): 'send' | 'not-modified' | 'failed' {
  const ifMatch = parseEtags(headers['if-match'], 'ignored');
  if (ifMatch !== undefined) {
    if (!names(ifMatch, version)) return 'failed';
  } else if (isBefore(headers['if-unmodified-since'], version)) return 'failed';
  const ifNoneMatch = parseEtags(headers['if-none-match'], 'counts');
  if (ifNoneMatch !== undefined) return names(ifNoneMatch, version) ? 'not-modified' : 'send';
  return isBefore(headers['if-modified-since'], version) === false ? 'not-modified' : 'send';
}

/** Whether the `If-Range` header, if there is one, lets a part be sent (RFC 9110, 13.1.5). */
export function allowsRange(header: string | readonly string[] | undefined, version: Version): boolean {
  if (header === undefined) return true;
  const value = String(header).trim();
  if (value.startsWith('"')) return value === `"${version.etag}"`;
  return Date.parse(value) === wholeSeconds(version.modified);
}

function names(etags: readonly string[] | '*', { etag }: Version): boolean {
  return etags === '*' || etags.includes(etag);
}

/** Whether the date lies before the last change; undefined without a date, or with one that is none. */
function isBefore(date: string | undefined, { modified }: Version): boolean | undefined {
  const time = Date.parse(date ?? '');
  return Number.isNaN(time) ? undefined : time < wholeSeconds(modified);
}

/** Dates in headers have no fractions. */
function wholeSeconds(time: number): number {
  return Math.floor(time / 1_000) * 1_000;
}
