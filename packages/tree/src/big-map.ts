import type { Node, PresentNode, Priority } from './node.js';

/** A non-empty map that is not handed over whole: walk it with `TreeReader.children`. */
export class BigMap {
  readonly priority: Priority;

  constructor(priority: Priority = null) {
    this.priority = priority;
  }
}

/** What one look at a path gives: small things whole, large maps as a `BigMap`. */
export type Glance = Node | BigMap;

export type PresentGlance = PresentNode | BigMap;
