import { setImmediate as nextTurn } from 'node:timers/promises';
import { compareKeys, encodeNode, inRange, type Query } from '@backside/tree';
import type { TreeCall } from './call.js';
import { TopKeys } from './top-keys.js';

/** Keys gathered before they are sent. */
const CHUNK_CHARACTERS = 16_384;

/**
 * The keys of the children of a map, each with `true`, and a leaf as it is. In constant memory however large the children are: they are
 * read past, and nothing after the last wanted key is read.
 */
export async function* shallowJson(call: TreeCall): AsyncGenerator<Uint8Array, undefined> {
  const { database, principal, path, parameters } = call;
  const { chunks } = database.streamJson(principal, path, 'export');
  const keys = new TopKeys();
  const chosen = new Choice(parameters.query);
  let text = '';
  let any = false;
  for (const chunk of chunks) {
    for (const key of keys.read(chunk)) {
      if (!chosen.takes(key)) continue;
      text += `${any ? ',' : '{'}${JSON.stringify(key)}:true`;
      any = true;
    }
    if (keys.isLeaf || chosen.done) break;
    if (text.length >= CHUNK_CHARACTERS) {
      yield Buffer.from(text);
      text = '';
    }
    await nextTurn();
  }
  if (keys.isLeaf) yield Buffer.from(encodeNode(database.read(principal, path).node, 'val'));
  else yield Buffer.from(any ? `${text}}` : 'null');
}

/** Which keys a query takes of those that come in order. */
class Choice {
  /** Whether no key that is still to come can be taken. */
  done = false;
  readonly #query: Query | null;
  #taken = 0;

  constructor(query: Query | null) {
    this.#query = query;
  }

  takes(key: string): boolean {
    const query = this.#query;
    if (query === null) return true;
    if (this.done || !inRange(query, null, key)) {
      if (query.end !== undefined && compareKeys(key, String(query.end.value)) > 0) this.done = true;
      return false;
    }
    this.#taken += 1;
    if (this.#taken === query.limit?.count) this.done = true;
    return true;
  }
}
