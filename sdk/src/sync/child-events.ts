import {
  childOf,
  compareValues,
  indexValueOf,
  isMap,
  type Node,
  nodesEqual,
  type Order,
  type PresentNode,
} from '@backside/tree';
import type { OrderedChildren } from './ordered-children.js';

export type ChildEventType = 'child_added' | 'child_changed' | 'child_moved' | 'child_removed';

/** What happened to one child. */
export interface ChildEvent {
  readonly type: ChildEventType;
  readonly key: string;
  /** As it is now; of a removed child as it was. */
  readonly node: PresentNode;
  /** The child before it in the order, or null for the first one. Null for a removed child. */
  readonly previousKey: string | null;
}

/** What to compare: two states of a node, and the children that may differ if that is known. */
export interface ChildDifference {
  readonly before: Node;
  readonly after: Node;
  /** Null for all children. */
  readonly keys: Iterable<string> | null;
  readonly order: Order;
}

/**
 * The events that lead from one state of a list to the next: removals in the old order, then in the new order what was added, moved or
 * changed; a child that moved has also changed. Whoever follows them, putting each child behind the `previousKey` of its event,
 * has the new list in its order. `children` is the old list, and brought up to date.
 */
export function childEvents(children: OrderedChildren, difference: ChildDifference): ChildEvent[] {
  const { removed, kept } = classify(difference);
  removed.sort((a, b) => children.compare([a.key, a.before], [b.key, b.before]));
  for (const { key, before } of removed) children.remove(key, before);
  for (const { key, before } of kept) if (before !== null) children.remove(key, before);
  for (const { key, after } of kept) children.add(key, after);
  kept.sort((a, b) => children.compare([a.key, a.after], [b.key, b.after]));
  const events: ChildEvent[] = removed.map(({ key, before }) => ({
    type: 'child_removed',
    key,
    node: before,
    previousKey: null,
  }));
  for (const child of kept) {
    const previousKey = children.previousKey(child.key, child.after);
    for (const type of typesOf(child, difference.order))
      events.push({ type, key: child.key, node: child.after, previousKey });
  }
  return events;
}

/** The events that a list begins with. */
export function initialChildEvents(children: OrderedChildren, node: Node): ChildEvent[] {
  let previousKey: string | null = null;
  return children.keys().map((key) => {
    const event: ChildEvent = { type: 'child_added', key, node: childOf(node, key) as PresentNode, previousKey };
    previousKey = key;
    return event;
  });
}

interface RemovedChild {
  readonly key: string;
  readonly before: PresentNode;
}

interface KeptChild {
  readonly key: string;
  readonly before: PresentNode | null;
  readonly after: PresentNode;
}

function classify({ before, after, keys }: ChildDifference): { removed: RemovedChild[]; kept: KeptChild[] } {
  const removed: RemovedChild[] = [];
  const kept: KeptChild[] = [];
  for (const key of keys ?? allKeys(before, after)) {
    const was = childOf(before, key);
    const is = childOf(after, key);
    if (was === is) continue;
    if (is === null) removed.push({ key, before: was as PresentNode });
    else if (was === null || !nodesEqual(was, is)) kept.push({ key, before: was, after: is });
  }
  return { removed, kept };
}

function allKeys(before: Node, after: Node): Set<string> {
  const keys = new Set<string>();
  for (const node of [before, after]) if (isMap(node)) for (const key of node.children.keys()) keys.add(key);
  return keys;
}

function typesOf({ key, before, after }: KeptChild, order: Order): ChildEventType[] {
  if (before === null) return ['child_added'];
  const moved = compareValues(indexValueOf(order, key, before), indexValueOf(order, key, after)) !== 0;
  return moved ? ['child_moved', 'child_changed'] : ['child_changed'];
}
