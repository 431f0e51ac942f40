import { type ParsedUrlQuery, parse } from 'node:querystring';
import { BacksideError } from '@backside/protocol';
import { type Path, parsePath } from '@backside/tree';

const SUFFIX = '.json';
const NO_QUERY: ParsedUrlQuery = {};

/** A URL that names a node: `/a/b.json?…`. */
export interface TreeUrl {
  /** The node's path as the URL has it, percent-encoded. */
  readonly encodedPath: string;
  readonly query: ParsedUrlQuery;
}

/** Null for a URL that names no node. */
export function parseTreeUrl(url: string): TreeUrl | null {
  const mark = url.indexOf('?');
  const end = mark === -1 ? url.length : mark;
  if (!url.startsWith(SUFFIX, end - SUFFIX.length) || url.charCodeAt(0) !== 0x2f) return null;
  return {
    encodedPath: url.slice(0, end - SUFFIX.length),
    query: mark === -1 ? NO_QUERY : parse(url.slice(mark + 1)),
  };
}

/**
 * Whether what stands at this URL besides nodes has to be asked first: below `/auth` and where the first key begins with a dot, which no
 * key of a node does, and the description of the interface.
 */
export function isShared(url: string): boolean {
  return (
    url.startsWith('/auth/') || (url.startsWith('/.') && !url.startsWith('/.json')) || url.startsWith('/openapi.json')
  );
}

/** The path, each piece decoded by itself. Throws `invalid-path`. */
export function pathOf({ encodedPath }: TreeUrl): Path {
  return encodedPath.includes('%') ? parsePath(decoded(encodedPath)) : parsePath(encodedPath);
}

function decoded(encodedPath: string): string {
  const pieces = encodedPath.split('/').map(decodePiece);
  if (pieces.some((piece) => piece.includes('/'))) throw new BacksideError('invalid-path', 'character "/" in a key');
  return pieces.join('/');
}

function decodePiece(piece: string): string {
  try {
    return decodeURIComponent(piece);
  } catch (cause) {
    throw new BacksideError('invalid-path', 'a key that is not percent-encoded UTF-8', { cause });
  }
}
