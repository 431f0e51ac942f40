import { BacksideError, type Commit, type Logger, type Principal } from '@backside/protocol';
import type { Replica } from '@backside/store';
import { canonicalQuery, isDefaultQuery, type Path, type Query } from '@backside/tree';
import { CommitEvents } from './commit-events.js';
import { isSeenBy, patchEvent } from './event.js';
import type { ListenOptions, ViewEvent } from './listener.js';
import type { LiveRights } from './live-rights.js';
import { PathIndex } from './path-index.js';
import { ViewSubscription } from './subscription.js';
import type { UnindexedQueries } from './unindexed-queries.js';
import { TreeView, type View, type ViewContext } from './view.js';
import { WindowView } from './window-view.js';

export interface ViewHubOptions {
  readonly replica: Replica;
  readonly logger: Logger;
  readonly maxSnapshotBytes: number;
  readonly maxSubscriptions: number;
  readonly rights: Pick<LiveRights, 'review'>;
  readonly unindexed: UnindexedQueries;
  /** See `Database.staleness`. */
  readonly staleness: () => number | null;
}

/** All views of one database: registers subscriptions and brings each commit to the views it touches. */
export class ViewHub {
  readonly #options: ViewHubOptions;
  readonly #context: ViewContext;
  readonly #registry = new PathIndex<View>();
  #subscriptions = 0;

  constructor(options: ViewHubOptions) {
    this.#options = options;
    this.#context = {
      replica: options.replica,
      logger: options.logger,
      maxSnapshotBytes: options.maxSnapshotBytes,
      staleness: options.staleness,
      abandoned: (view) => this.#registry.delete(view.path, view),
      left: () => {
        this.#subscriptions -= 1;
      },
    };
  }

  get views(): number {
    return this.#registry.size;
  }

  get subscriptions(): number {
    return this.#subscriptions;
  }

  /**
   * Registers a subscription whose first event is the state now, or for `tail` (the commits between the subscriber's
   * resume point and now) what these mean for it. Throws `limit-exceeded`, `too-large` or `invalid-query`.
   */
  subscribe<Encoded>(
    principal: Principal,
    options: ListenOptions<Encoded>,
    tail: readonly Commit[] | null,
  ): ViewSubscription<Encoded> {
    if (this.#subscriptions >= this.#options.maxSubscriptions) {
      throw new BacksideError('limit-exceeded', 'the database has as many subscriptions as it may have');
    }
    const view = this.#viewFor(options.path, options.query);
    const subscription = new ViewSubscription(view, principal, options);
    view.add(subscription);
    this.#subscriptions += 1;
    try {
      const { revision } = this.#options.replica;
      const first =
        tail === null ? [view.snapshot(options.resume === undefined ? null : false)] : eventsOf(options, tail);
      const staleMs = this.#options.staleness();
      if (options.confirm && tail !== null && (first.length === 0 || staleMs !== null)) {
        first.unshift(comesBack(options.path, (first[0]?.revision ?? revision + 1) - 1, staleMs));
      }
      subscription.begin(first, revision);
    } catch (error) {
      subscription.end();
      throw error;
    }
    return subscription;
  }

  /** All subscriptions. */
  *subscribers(): Generator<ViewSubscription<unknown>> {
    for (const view of this.#registry.all()) yield* view.subscribers();
  }

  #viewFor(path: Path, query: Query | undefined): View {
    const filtered = query !== undefined && !isDefaultQuery(query) ? query : null;
    const id = filtered === null ? null : canonicalQuery(filtered);
    for (const view of this.#registry.at(path)) {
      if (view instanceof WindowView ? view.id === id : id === null) return view;
    }
    const view = filtered === null ? new TreeView(path, this.#context) : this.#windowOf(path, filtered);
    this.#registry.add(path, view);
    return view;
  }

  #windowOf(path: Path, query: Query): WindowView {
    const view = new WindowView(path, query, this.#context);
    if (!view.indexed) this.#options.unindexed.note(path, query.order);
    return view;
  }

  /** Applies the next commit to the replica, and once `applied` has returned delivers it to those who still have the right. */
  apply(commit: Commit, applied: () => void): void {
    const touched = this.#touchedBy(commit);
    this.#options.replica.apply([commit]);
    applied();
    if (touched === null) return;
    this.#options.rights.review(commit, touched);
    const events = new CommitEvents(commit);
    for (const view of touched) view.deliver(commit, events);
  }

  /** The views that the commit touches, decided on the state before it. */
  #touchedBy(commit: Commit): ReadonlySet<View> | null {
    if (this.#registry.size === 0) return null;
    const touched = new Set<View>();
    for (const change of commit.changes) this.#registry.collect(change.path, touched, (view) => view.mayChange(change));
    return touched;
  }
}

/** Tells a subscriber that came back that it is up to date at `revision`, and how far that can be trusted. */
function comesBack(path: Path, revision: number, staleMs: number | null): ViewEvent {
  return patchEvent(path, [], { revision, id: `${revision}-r`, resumed: true, staleMs });
}

function eventsOf({ path, encoder }: ListenOptions<unknown>, tail: readonly Commit[]): ViewEvent[] {
  const events = tail.flatMap((commit) => new CommitEvents(commit, true).within(path) ?? []);
  return events.filter((event) => isSeenBy(encoder, event));
}
