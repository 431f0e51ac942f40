import type { Params } from '../http/params.js';

/** Namespaces in which nothing changes anything. */
const READ_ONLY: ReadonlySet<string> = new Set(['image', 'auth', 'ping', 'login', 'logout']);
/** Operations that change nothing. */
const READS: ReadonlySet<string> = new Set(
  'get select search list scan show subscribe columns keys file image stats info'.split(' '),
);

/** With one of these, reading messages moves or deletes them. */
const MOVES = ['_archive', '_trash'];

/**
 * Whether a request may change something. Any method works on any path here, so the method tells nothing; what is not known to read
 * counts as a write.
 */
export function isWrite(path: string, params: Params): boolean {
  const [namespace = '', operation = '', command = ''] = path.split('/').slice(1);
  if (READ_ONLY.has(namespace)) return false;
  if (namespace === 'message' && MOVES.some((name) => params.bool(name))) return true;
  return !READS.has(namespace === 'system' ? command : operation);
}
