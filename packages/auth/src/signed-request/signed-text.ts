import type { Signature } from './signature.js';

/** What of a request goes into the text that is signed. */
export interface SignedParts {
  readonly method: string;
  /** As in the Host header, with or without port. */
  readonly host: string;
  /** Path and query as on the wire: neither decoded nor encoded anew. */
  readonly url: string;
  /** The whole header; empty if there is none. */
  readonly contentType: string;
  /** The body of a form, which is signed instead of the query; null for all else. */
  readonly form: string | null;
}

/** What both sides sign: lines that each end with `\n`. Pieces of the query whose text begins with `omit` do not count. */
export function signedText(
  signature: Pick<Signature, 'version' | 'tag' | 'login' | 'expires' | 'checksum'>,
  parts: SignedParts,
  omit: string,
): string {
  const { version, tag, login, expires, checksum } = signature;
  if (version === 2 || version === 3) {
    return lines(version, tag, login, '*', domainOf(parts.host), '/', '*', expires, '*', '*');
  }
  const query = sortedQuery(parts.form ?? queryOf(parts.url), omit);
  const request = [parts.method.toUpperCase(), hostOf(parts.host), pathOf(parts.url), query];
  const rest = [...request, expires, parts.contentType.toLowerCase(), checksum];
  return version === 1 ? lines(...rest) : lines(version, tag, login, ...rest);
}

/** The raw text before the query; `/` if there is none. */
export function pathOf(url: string): string {
  const path = url.split('?', 1)[0]!;
  return path === '' ? '/' : path;
}

/** The raw text between the first question mark and the next. */
export function queryOf(url: string): string {
  return url.split('?', 2)[1] ?? '';
}

/** The host without its port, in lower case. */
export function hostOf(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '');
}

/** What sessions and tokens are bound to: the host without its first label, if it has more than two. An IPv4 address loses its first number. */
export function domainOf(host: string): string {
  const labels = hostOf(host).split('.');
  return (labels.length > 2 ? labels.slice(1) : labels).join('.');
}

/** The pieces as they are, in the order of UTF-16 code units. */
function sortedQuery(query: string, omit: string): string {
  const pieces = query.split('&').filter((piece) => piece !== '' && !piece.startsWith(omit));
  return pieces.sort(byCodeUnit).join('&');
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function lines(...parts: readonly (string | number)[]): string {
  return `${parts.join('\n')}\n`;
}
