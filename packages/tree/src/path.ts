import { TreeError } from './error.js';
import { DEFAULT_LIMITS, type Limits } from './limits.js';
import { exceedsBytes } from './utf8.js';

/** Keys from the root down; `[]` is the root. */
export type Path = readonly string[];

/** As the last key of a path it names the priority of the node before it. */
export const PRIORITY_KEY = '.priority';

const SLASH = 0x2f;
/** What no key may hold: control characters, those that paths and queries are written with, and halves of surrogate pairs. */
const FORBIDDEN = /[^ -\u{10ffff}]|[.$#[\]/\x7f]|\p{Surrogate}/u;

/**
 * The path that `text` names: `/a/b`, `a/b` or `/`. Slashes at both ends are dropped; an empty piece inside, an invalid or
 * oversized key, and a path deeper than `limits.maxDepth` are refused with `invalid-path`. Nothing is percent-decoded.
 * The last key may be `.priority`, which does not count as depth.
 */
export function parsePath(text: string, limits: Limits = DEFAULT_LIMITS): Path {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) === SLASH) start++;
  while (end > start && text.charCodeAt(end - 1) === SLASH) end--;
  const path: string[] = [];
  while (start < end) {
    let stop = text.indexOf('/', start);
    if (stop === -1 || stop > end) stop = end;
    const key = text.slice(start, stop);
    if (stop < end || key !== PRIORITY_KEY) {
      assertKey(key, limits);
      if (path.length === limits.maxDepth) throw new TreeError('invalid-path', `deeper than ${limits.maxDepth} keys`);
    }
    path.push(key);
    start = stop + 1;
  }
  return path;
}

/** `/a/b`; the root is `/`. */
export function formatPath(path: Path): string {
  return `/${path.join('/')}`;
}

/** Throws `invalid-path`, saying why, unless `key` may be the key of a child. */
export function assertKey(key: string, limits: Limits = DEFAULT_LIMITS): void {
  const problem = keyProblem(key, limits);
  if (problem !== null) throw new TreeError('invalid-path', problem);
}

export function isValidKey(key: string, limits: Limits = DEFAULT_LIMITS): boolean {
  return keyProblem(key, limits) === null;
}

/**
 * What is wrong with `key`, or null. A key is not empty, holds none of `. $ # [ ] /` and no control character, is proper
 * Unicode (a lone surrogate would not survive UTF-8) and takes at most `limits.maxKeyBytes`.
 */
export function keyProblem(key: string, limits: Limits): string | null {
  if (key === '') return 'empty key';
  const [forbidden] = FORBIDDEN.exec(key) ?? [];
  if (forbidden !== undefined) return `character ${JSON.stringify(forbidden)} in a key`;
  return exceedsBytes(key, limits.maxKeyBytes) ? `key of more than ${limits.maxKeyBytes} bytes` : null;
}

/** Whether `prefix` is `path` itself or an ancestor of it. */
export function isPrefix(prefix: Path, path: Path): boolean {
  if (prefix.length > path.length) return false;
  for (let i = 0; i < prefix.length; i++) if (prefix[i] !== path[i]) return false;
  return true;
}

export function samePath(a: Path, b: Path): boolean {
  return a.length === b.length && isPrefix(a, b);
}

/** The longest path that is `a` or above it, and `b` or above it. */
export function commonPrefix(a: Path, b: Path): Path {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return a.slice(0, length);
}

/** Whether `path` names a priority rather than a node. */
export function isPriorityPath(path: Path): boolean {
  return path.length > 0 && path[path.length - 1] === PRIORITY_KEY;
}
