import { BacksideError, type Principal, parseResumePoint, type ResumePoint } from '@backside/protocol';
import type { Basis } from '@backside/security';
import { isPriorityPath } from '@backside/tree';
import { LateSubscription } from './late-subscription.js';
import type { ListenOptions, Subscription } from './listener.js';
import type { LiveRights } from './live-rights.js';
import type { Tail, TailReader } from './resume-tail.js';
import type { ViewHub } from './view-hub.js';

export interface ListensOptions {
  readonly hub: ViewHub;
  readonly rights: LiveRights;
  readonly tails: TailReader;
  /** Where the database stands. */
  readonly position: ResumePoint;
  /** Brings the state up to date with what other nodes have written; null if there are none. */
  readonly refresh: (() => Promise<void>) | null;
}

/** When to come back to a node that is behind, in milliseconds. */
const RETRY_MS = 500;

/** Begins subscriptions: decides their right, waits for what they have to wait for, and finds what they missed. */
export class Listens {
  readonly #options: ListensOptions;

  constructor(options: ListensOptions) {
    this.#options = options;
  }

  /** See `Database.listen`. */
  listen<Encoded>(principal: Principal, options: ListenOptions<Encoded>): Subscription {
    if (isPriorityPath(options.path)) throw new BacksideError('invalid-path', 'a priority has no events of its own');
    const { refresh } = this.#options;
    const basis = this.#decide(principal, options);
    const resume = resumePointOf(options);
    if (refresh === null && this.#resumableRevision(resume, basis) === null) {
      return this.#begin(principal, options, { basis, tail: null });
    }
    return new LateSubscription(options, {
      prepare: async () => {
        await refresh?.();
        this.#refuseWhatIsAhead(options.resume);
        const after = this.#resumableRevision(resume, basis);
        return after === null
          ? null
          : this.#options.tails.read({ path: options.path, after, basis: basis?.paths ?? [] });
      },
      subscribe: (tail) => this.#begin(principal, options, { basis: this.#decide(principal, options), tail }),
    });
  }

  /** Nobody is taken back: what the client has seen on another node, this one cannot go on from before it is level with that. */
  #refuseWhatIsAhead(resume: string | undefined): void {
    const { position, refresh } = this.#options;
    const point = refresh === null || resume === undefined ? null : parseResumePoint(resume);
    if (point === null || point.epoch !== position.epoch || point.revision <= position.revision) return;
    const message = `this node is at revision ${position.revision}, behind what the client has`;
    throw new BacksideError('unavailable', message, { retryAfterMs: RETRY_MS });
  }

  #decide(principal: Principal, { path, query }: ListenOptions<unknown>): Basis | null {
    return this.#options.rights.decide({ principal, path, query: query ?? null });
  }

  #begin<Encoded>(
    principal: Principal,
    options: ListenOptions<Encoded>,
    { basis, tail }: { basis: Basis | null; tail: Tail | null },
  ): Subscription {
    const { hub, tails, rights } = this.#options;
    const usable = tail !== null && tail.request.after >= rights.since;
    const subscription = hub.subscribe(principal, options, usable ? tails.complete(tail) : null);
    rights.hold(subscription, basis);
    return subscription;
  }

  /**
   * The revision of the resume point if it lies in the past of this state, and the right to read cannot have changed since by
   * itself; else null.
   */
  #resumableRevision(point: ResumePoint | null, basis: Basis | null): number | null {
    const { position, rights } = this.#options;
    if (point === null || point.epoch !== position.epoch || point.revision > position.revision) return null;
    return basis?.usesNow || point.revision < rights.since ? null : point.revision;
  }
}

/** The resume point that is asked for, if it can be used: neither a window nor a single look can be resumed. */
function resumePointOf({ resume, query, once }: ListenOptions<unknown>): ResumePoint | null {
  if (resume === undefined) return null;
  const point = parseResumePoint(resume);
  if (point === null) throw new BacksideError('invalid-header', 'a resume point has the form epoch:revision');
  return query === undefined && once !== true ? point : null;
}
