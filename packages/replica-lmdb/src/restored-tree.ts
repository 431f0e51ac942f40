import { Commit, decodeCommit } from '@backside/protocol';
import type { Change } from '@backside/tree';
import { type Environment, recordReader } from './environment.js';
import { detachMap } from './garbage.js';
import { type NodeKey, ROOT_ID } from './node-key.js';

/**
 * Where the root's record stands while a tree is restored: nobody reads there, so that what is there yet is seen by nobody, until
 * the record is moved to its place.
 */
export const HIDDEN_ROOT: NodeKey = { id: ROOT_ID, key: 'restored' };

/** Priorities wait beside the meta record, in packs under this prefix and their number, until all nodes are there. */
const HELD = 'held-';

/** Keeps priorities for later, inside a write transaction. */
export function holdPriorities(environment: Environment, priorities: readonly Change[]): void {
  if (priorities.length === 0) return;
  const last = [...heldKeys(environment, { reverse: true })][0];
  const number = last === undefined ? 0 : Number(last.toString().slice(HELD.length)) + 1;
  const key = Buffer.from(`${HELD}${String(number).padStart(12, '0')}`);
  const pack = new Commit({ revision: number, time: 0, author: null, origin: '', changes: priorities });
  environment.root.putSync(key, pack.encoded());
}

/** Takes the next pack of priorities away, inside a write transaction; null if there is none. */
export function takePriorities(environment: Environment): readonly Change[] | null {
  const key = [...heldKeys(environment, { reverse: false })][0];
  if (key === undefined) return null;
  const { changes } = decodeCommit(Buffer.from(environment.root.get(key)!));
  environment.root.removeSync(key);
  return changes;
}

/** Whether a restored tree was begun and neither finished nor dropped. */
export function hasHiddenTree(environment: Environment): boolean {
  const { id, key } = HIDDEN_ROOT;
  return recordReader(environment).read(id, key) !== null || [...heldKeys(environment, { reverse: false })].length > 0;
}

/** Gets rid of a restored tree that was not finished, inside a write transaction. */
export function dropHiddenTree(environment: Environment): void {
  removeRoot(environment, HIDDEN_ROOT);
  while (takePriorities(environment) !== null);
}

/** Removes a root's record, inside a write transaction; what is below it is collected later. */
export function removeRoot(environment: Environment, place: NodeKey): void {
  const stored = recordReader(environment).read(place.id, place.key);
  if (!stored) return;
  if (stored.kind === 'split') detachMap(environment, stored.id);
  environment.nodes.remove(place);
}

/** Puts the restored tree in place of the one that was seen, inside a write transaction. */
export function showHiddenTree(environment: Environment, visible: NodeKey): void {
  removeRoot(environment, visible);
  const record = environment.nodes.getBinaryFast(HIDDEN_ROOT);
  if (record === undefined) return;
  environment.nodes.put(visible, Uint8Array.from(record.subarray(0, environment.nodes.lastSize)));
  environment.nodes.remove(HIDDEN_ROOT);
}

/** The first key of a held pack, or the last one. */
function heldKeys({ root }: Environment, { reverse }: { reverse: boolean }): Iterable<Buffer> {
  const [low, high] = [Buffer.from(HELD), Buffer.from(`${HELD}~`)];
  const range = reverse ? { start: high, end: low, reverse } : { start: low, end: high };
  return root.getKeys({ ...range, limit: 1 }) as Iterable<Buffer>;
}
