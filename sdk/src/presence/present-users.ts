import { childOf, isMap, type Json, type Node, nodeToJson } from '@backside/tree';
import type { PresenceChange, PresentConnection, PresentUser } from './presence.js';

/** The list that a node shows, and by uid what each entry was made of. */
export interface Users<Meta extends Json> {
  readonly node: Node;
  readonly list: readonly PresentUser<Meta>[];
  readonly byUid: ReadonlyMap<string, PresentUser<Meta>>;
}

export const NO_USERS: Users<never> = { node: null, list: [], byUid: new Map() };

/** Those present in `node`. Who is the same as in `before` stays the same object. */
export function usersOf<Meta extends Json>(node: Node, before: Users<Meta>): Users<Meta> {
  const byUid = new Map<string, PresentUser<Meta>>();
  for (const [uid, child] of isMap(node) ? node.entries() : []) {
    const known = childOf(before.node, uid) === child ? before.byUid.get(uid) : undefined;
    const user = known ?? userOf<Meta>(uid, child);
    if (user !== null) byUid.set(uid, user);
  }
  return { node, list: Array.from(byUid.values()), byUid };
}

/** Null for what no client of this kind has written. */
function userOf<Meta extends Json>(uid: string, node: Node): PresentUser<Meta> | null {
  if (!isMap(node)) return null;
  const connections: PresentConnection<Meta>[] = [];
  for (const [id, meta] of node.entries()) connections.push({ id, meta: nodeToJson(meta, 'val') as Meta });
  const last = connections.at(-1);
  return last === undefined ? null : { uid, meta: last.meta, connections };
}

/** Null if nothing is different. */
export function changeBetween<Meta extends Json>(before: Users<Meta>, after: Users<Meta>): PresenceChange<Meta> | null {
  const joined: PresentUser<Meta>[] = [];
  const updated: PresentUser<Meta>[] = [];
  for (const user of after.list) {
    const known = before.byUid.get(user.uid);
    if (known === undefined) joined.push(user);
    else if (known !== user && !isSame(known, user)) updated.push(user);
  }
  const left = before.list.filter(({ uid }) => !after.byUid.has(uid));
  return joined.length + updated.length + left.length === 0 ? null : { joined, left, updated };
}

/** A new snapshot shows the same users as other objects. */
function isSame(one: PresentUser, other: PresentUser): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
