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
import { compareEntries, entryOf } from './ordered-children.js';
import type { QueryWindow } from './query-window.js';

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
 * has the new list in its order. `window` is the new list.
 */
export function childEvents(window: QueryWindow, difference: ChildDifference): ChildEvent[] {
  const { order } = difference;
  const { removed, kept } = classify(difference);
  const inOrder = (a: Child, b: Child): number =>
    compareEntries(order, entryOf(order, a.key, a.node), entryOf(order, b.key, b.node));
  const events: ChildEvent[] = removed
    .sort(inOrder)
    .map(({ key, node }) => ({ type: 'child_removed', key, node, previousKey: null }));
  for (const child of kept.sort(inOrder)) {
    const { key, node } = child;
    const previousKey = window.previousKey(key, node);
    for (const type of typesOf(child, order)) events.push({ type, key, node, previousKey });
  }
  return events;
}

/** The events that a list begins with. */
export function initialChildEvents(window: QueryWindow): ChildEvent[] {
  let previousKey: string | null = null;
  return window.keys().map((key) => {
    const node = childOf(window.chosen, key) as PresentNode;
    const event: ChildEvent = { type: 'child_added', key, node, previousKey };
    previousKey = key;
    return event;
  });
}

interface Child {
  readonly key: string;
  /** As it is; of a removed one as it was. */
  readonly node: PresentNode;
}

interface KeptChild extends Child {
  readonly before: PresentNode | null;
}

function classify({ before, after, keys }: ChildDifference): { removed: Child[]; kept: KeptChild[] } {
  const removed: Child[] = [];
  const kept: KeptChild[] = [];
  for (const key of keys ?? allKeys(before, after)) {
    const was = childOf(before, key);
    const node = childOf(after, key);
    if (was === node) continue;
    if (node === null) removed.push({ key, node: was as PresentNode });
    else if (was === null || !nodesEqual(was, node)) kept.push({ key, before: was, node });
  }
  return { removed, kept };
}

function allKeys(before: Node, after: Node): Set<string> {
  const keys = new Set<string>();
  for (const node of [before, after]) if (isMap(node)) for (const key of node.children.keys()) keys.add(key);
  return keys;
}

function typesOf({ key, before, node }: KeptChild, order: Order): ChildEventType[] {
  if (before === null) return ['child_added'];
  const moved = compareValues(indexValueOf(order, key, before), indexValueOf(order, key, node)) !== 0;
  return moved ? ['child_moved', 'child_changed'] : ['child_changed'];
}
