import type { Principal } from '@backside/protocol';
import type { Basis } from '@backside/security';
import { canonicalQuery, formatPath, type Path, type Query } from '@backside/tree';
import type { HeldRight, ViewSubscription } from './subscription.js';
import type { View } from './view.js';

/** A right to read: whose, and to what. A `ViewSubscription` is one. */
export interface ReadRight {
  readonly principal: Principal;
  readonly path: Path;
  readonly query: Query | null;
}

export const NOTHING: Basis = { paths: [], usesAuth: false, usesNow: false };

/** Subscriptions whose right to one (path, query) is one decision: of one principal, or of all if no principal matters. */
export class RightsGroup implements HeldRight {
  readonly key: string;
  readonly view: View;
  readonly members: Set<ViewSubscription<unknown>> = new Set();
  /** What the last decision, which was a grant, rested on. */
  basis: Basis = NOTHING;
  readonly #owner: GroupOwner;

  constructor(key: string, view: View, owner: GroupOwner) {
    this.key = key;
    this.view = view;
    this.#owner = owner;
  }

  /** Whether the decision holds for every principal. */
  get isShared(): boolean {
    return isSharedKey(this.key);
  }

  beforeEvent(): void {
    if (this.basis.usesNow) this.#owner.decideAgain(this);
  }

  release(subscription: ViewSubscription<unknown>): void {
    this.members.delete(subscription);
    if (this.members.size === 0) this.#owner.abandoned(this);
  }
}

export interface GroupOwner {
  decideAgain(group: RightsGroup): void;
  /** The group has lost its last member. */
  abandoned(group: RightsGroup): void;
}

/** The name of a decision about what `right` is to: of its principal, or with null of everybody. */
export function decisionKey(principal: Principal | null, { path, query }: Pick<ReadRight, 'path' | 'query'>): string {
  const who = principal === null ? EVERYBODY : principalKey(principal);
  return `${who}\n${formatPath(path)}\n${query === null ? '' : canonicalQuery(query)}`;
}

const EVERYBODY = '*';

function isSharedKey(key: string): boolean {
  return key.startsWith(`${EVERYBODY}\n`);
}

const principalKeys = new WeakMap<Principal, string>();

/** Equal for principals that rules cannot tell apart. One line, and never that of everybody. */
function principalKey(principal: Principal): string {
  if (principal.kind !== 'user') return principal.kind;
  let key = principalKeys.get(principal);
  if (key === undefined) {
    key = JSON.stringify([principal.uid, principal.provider, principal.claims]);
    principalKeys.set(principal, key);
  }
  return key;
}
