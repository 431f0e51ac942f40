import { encodeNode, type KeyRange, keyRangeOf } from '@backside/tree';
import type { TreeCall } from './call.js';

/** Keys that are looked up at once; those of one page are of one state. */
const PAGE_KEYS = 10_000;

type Chunks = Generator<Uint8Array, undefined>;

/**
 * The keys of the children of a map, each with `true`, and a leaf as it is. Costs as much as there are wanted keys, whatever lies below
 * them, and holds some pages of them at a time. Throws `permission-denied` before the first chunk is taken.
 */
export function shallowJson(call: TreeCall): Chunks {
  const { database, principal, path } = call;
  const isMap = database.keys(principal, path, { limit: 1 }).length > 0;
  return isMap ? keysJson(call) : leafJson(call);
}

function* leafJson({ database, principal, path }: TreeCall): Chunks {
  yield Buffer.from(encodeNode(database.read(principal, path).node, 'val'));
}

function* keysJson(call: TreeCall): Chunks {
  const { query } = call.parameters;
  let text = '';
  for (const keys of pagesOf(call, query === null ? {} : keyRangeOf(query))) {
    if (text !== '') yield Buffer.from(text);
    text = (text === '' ? '{' : ',') + keys.map((key) => `${JSON.stringify(key)}:true`).join(',');
  }
  yield Buffer.from(text === '' ? 'null' : `${text}}`);
}

/** The keys in the range, in their order; no page is empty. */
function* pagesOf({ database, principal, path }: TreeCall, range: KeyRange): Generator<string[], undefined> {
  let left = range.limit ?? Number.POSITIVE_INFINITY;
  let rest = range;
  while (left > 0) {
    const limit = Math.min(left, PAGE_KEYS);
    const keys = database.keys(principal, path, { ...rest, limit });
    if (keys.length > 0) yield keys;
    if (keys.length < limit) return;
    left -= limit;
    rest = { ...range, start: keys.at(-1)!, startExclusive: true };
  }
}
