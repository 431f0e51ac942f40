import { BacksideError, type Commit, type Logger, toBacksideError } from '@backside/protocol';
import type { Basis } from '@backside/security';
import { formatPath, type Path, samePath, type TreeReader } from '@backside/tree';
import type { Authorizer, Decision, Denied } from './authorizer.js';
import { PathIndex } from './path-index.js';
import { decisionKey, type GroupOwner, NOTHING, type ReadRight, RightsGroup } from './rights-group.js';
import type { ViewSubscription } from './subscription.js';
import type { View } from './view.js';

export interface LiveRightsOptions {
  readonly authorizer: Authorizer;
  /** The durable state. */
  readonly replica: TreeReader & { readonly revision: number };
  readonly now: () => number;
  readonly logger: Logger;
}

/**
 * The rights of all subscriptions of one database. A right is decided when its subscription begins, and again when something that
 * it rests on has changed: before anything that came after the change is delivered. Losing it ends the subscription.
 *
 * A right that no data and no time can take away is not kept here and costs nothing; the others are kept in groups that are
 * decided as one.
 */
export class LiveRights implements GroupOwner {
  readonly #options: LiveRightsOptions;
  readonly #groups = new Map<string, RightsGroup>();
  /** Groups by the paths of the data that they rest on. */
  #index = new PathIndex<RightsGroup>();
  /** Groups that rest on the time as well, by their view. */
  readonly #timed = new Map<View, Set<RightsGroup>>();
  #changedAt = 0;

  constructor(options: LiveRightsOptions) {
    this.#options = options;
  }

  /** Groups that are kept. */
  get size(): number {
    return this.#groups.size;
  }

  /** The revision after which neither the rules nor anything else beside data, time and principals has changed rights. */
  get since(): number {
    return Math.max(this.#changedAt, this.#options.authorizer.since?.() ?? 0);
  }

  /** What the right rests on now. Throws `permission-denied` if there is no right. */
  decide(right: ReadRight): Basis | null {
    if (right.principal.kind === 'admin') return null;
    const known = this.#groups.size === 0 ? undefined : this.#groupOf(right);
    if (known !== undefined && !known.basis.usesNow) return known.basis;
    const decision = this.#ask(right);
    if (!decision.allowed) throw refusal(decision);
    return decision.basis ?? null;
  }

  #groupOf(right: ReadRight): RightsGroup | undefined {
    return this.#groups.get(decisionKey(null, right)) ?? this.#groups.get(decisionKey(right.principal, right));
  }

  #ask({ principal, path, query }: ReadRight): Decision {
    const { authorizer, replica, now } = this.#options;
    return authorizer.read({ principal, path, query, root: replica, now: now(), tracked: true });
  }

  /** Keeps watch over the right of a subscription, decided a moment ago on the present state. */
  hold(subscription: ViewSubscription<unknown>, basis: Basis | null): void {
    if (basis === null || !canBeLost(basis) || subscription.ended) return;
    const key = decisionKey(basis.usesAuth ? subscription.principal : null, subscription);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = new RightsGroup(key, subscription.view, this);
      this.#groups.set(key, group);
    }
    group.members.add(subscription);
    subscription.right = group;
    this.#restOn(group, basis);
  }

  /** The commit has been applied, and is about to be delivered to the views that it touches. */
  review(commit: Commit, touched: Iterable<View>): void {
    if (this.#groups.size === 0) return;
    const affected = new Set<RightsGroup>();
    for (const change of commit.changes) this.#index.collect(change.path, affected);
    if (this.#timed.size > 0) {
      for (const view of touched) for (const group of this.#timed.get(view) ?? []) affected.add(group);
    }
    for (const group of affected) this.decideAgain(group);
  }

  /** The rules have changed: decides every right again. */
  reviewAll(subscriptions: Iterable<ViewSubscription<unknown>>): void {
    this.#changedAt = this.#options.replica.revision;
    this.#groups.clear();
    this.#timed.clear();
    this.#index = new PathIndex();
    const all = [...subscriptions];
    for (const subscription of all) subscription.right = null;
    this.#decideEach(all);
  }

  /** Called by a group that is about to hear something, or that something it rests on has changed for. */
  decideAgain(group: RightsGroup): void {
    const [one] = group.members;
    if (one === undefined) return;
    const decision = this.#askSafely(one);
    const basis = decision.basis ?? null;
    if (!decision.allowed && (!group.isShared || !basis?.usesAuth)) {
      const reason = refusal(decision);
      for (const member of [...group.members]) this.#cancel(member, reason);
    } else if (basis !== null && canBeLost(basis) && (!group.isShared || !basis.usesAuth)) {
      this.#restOn(group, basis);
    } else {
      this.#dissolve(group);
    }
  }

  /** The members no longer share a right that can be lost: each goes by what is decided about itself. */
  #dissolve(group: RightsGroup): void {
    const members = [...group.members];
    for (const member of members) {
      group.release(member);
      member.right = null;
    }
    this.#decideEach(members);
  }

  /** Decides the rights of subscriptions that are in no group; equal questions once. */
  #decideEach(subscriptions: readonly ViewSubscription<unknown>[]): void {
    const decided = new Map<string, Verdict>();
    for (const subscription of subscriptions) {
      if (subscription.ended || subscription.principal.kind === 'admin') continue;
      const shared = decisionKey(null, subscription);
      const own = decisionKey(subscription.principal, subscription);
      let verdict = decided.get(shared) ?? decided.get(own);
      if (verdict === undefined) {
        const decision = this.#askSafely(subscription);
        verdict = { basis: decision.basis ?? null, refusal: decision.allowed ? null : refusal(decision) };
        decided.set(decision.basis?.usesAuth || 'failure' in decision ? own : shared, verdict);
      }
      if (verdict.refusal === null) this.hold(subscription, verdict.basis);
      else this.#cancel(subscription, verdict.refusal);
    }
  }

  /** Nobody keeps a right because deciding it failed. */
  #askSafely(right: ReadRight): Decision | Failed {
    try {
      return this.#ask(right);
    } catch (error) {
      this.#options.logger.error({ err: error, path: formatPath(right.path) }, 'a right could not be decided');
      return { allowed: false, basis: null, failure: toBacksideError(error) };
    }
  }

  #cancel(subscription: ViewSubscription<unknown>, reason: BacksideError): void {
    try {
      subscription.cancel(reason);
    } catch (error) {
      this.#options.logger.error({ err: error }, 'a listener failed at its end');
    }
  }

  #restOn(group: RightsGroup, basis: Basis): void {
    const before = group.basis;
    group.basis = basis;
    if (before === basis) return;
    if (!samePaths(before.paths, basis.paths)) {
      for (const path of before.paths) this.#index.delete(path, group);
      for (const path of basis.paths) this.#index.add(path, group);
    }
    if (before.usesNow !== basis.usesNow) this.#setTimed(group, basis.usesNow);
  }

  #setTimed(group: RightsGroup, timed: boolean): void {
    const groups = this.#timed.get(group.view) ?? new Set();
    if (timed) this.#timed.set(group.view, groups.add(group));
    else if (groups.delete(group) && groups.size === 0) this.#timed.delete(group.view);
  }

  /** Called by a group that has lost its last member. */
  abandoned(group: RightsGroup): void {
    if (this.#groups.get(group.key) !== group) return;
    this.#groups.delete(group.key);
    this.#restOn(group, NOTHING);
  }
}

/** Deciding it went wrong. */
interface Failed {
  readonly allowed: false;
  readonly basis: null;
  readonly failure: BacksideError;
}

/** A decision about several subscriptions. */
interface Verdict {
  readonly basis: Basis | null;
  /** What all who are refused are told; null if none are. */
  readonly refusal: BacksideError | null;
}

function refusal(decision: Denied | Failed): BacksideError {
  if ('failure' in decision) return decision.failure;
  return new BacksideError('permission-denied', undefined, { trace: decision.trace });
}

/** Whether something other than new rules or another principal can end the right. */
function canBeLost({ paths, usesNow }: Basis): boolean {
  return usesNow || paths.length > 0;
}

function samePaths(a: readonly Path[], b: readonly Path[]): boolean {
  return a.length === b.length && a.every((path, index) => samePath(path, b[index]!));
}
