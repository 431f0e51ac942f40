import { BacksideError, type Commit, type Logger, toBacksideError } from '@backside/protocol';
import type { Replica } from '@backside/store';
import {
  BigMap,
  type Change,
  encodeNode,
  type Format,
  formatPath,
  getAt,
  isPrefix,
  nodesEqual,
  orderAsOneStep,
  type Path,
  readNode,
} from '@backside/tree';
import { type CommitEvents, changesWithin } from './commit-events.js';
import { isSeenBy, patchEvent, putEvent, snapshotEvent } from './event.js';
import type { Encoder, ViewEvent } from './listener.js';
import type { Delivery, ViewSubscription } from './subscription.js';

/** What all views of one database work with. */
export interface ViewContext {
  readonly replica: Replica;
  readonly logger: Logger;
  /** A snapshot with a larger body is refused. */
  readonly maxSnapshotBytes: number;
  /** See `Database.staleness`. */
  readonly staleness: () => number | null;
  /** Called when a view has lost its last subscriber. */
  readonly abandoned: (view: View) => void;
  /** Called when a subscription has left its view. */
  readonly left: () => void;
}

/** One (path, query) that at least one subscription listens to. An event is made once, and encoded once per encoder. */
export abstract class View {
  readonly path: Path;
  protected readonly context: ViewContext;
  readonly #groups = new Map<Encoder<unknown>, Set<ViewSubscription<unknown>>>();
  #snapshot: ViewEvent | null = null;

  constructor(path: Path, context: ViewContext) {
    this.path = path;
    this.context = context;
  }

  /** Called before a commit is applied whose `change` is above this view: whether the view can look different after it. */
  abstract mayChange(change: Change): boolean;

  /** What the commit, which has just been applied, means for this view; null if nothing. */
  protected abstract eventOf(commit: Commit, events: CommitEvents): ViewEvent | null;

  /** The paths at which this commit, which has just been applied, changed the view; null stands for the whole view. */
  abstract changedBy(commit: Commit): readonly Path[] | null;

  /** The view's state as JSON. */
  protected abstract encodeState(format: Format): string | Uint8Array;

  /** A word of warning that goes with the first event. */
  protected abstract warning(): string | null;

  /** One event that brings a subscriber who missed changes at `paths` (null: anywhere) to the present state. */
  abstract catchUp(paths: readonly Path[] | null): ViewEvent;

  add(subscription: ViewSubscription<unknown>): void {
    const group = this.#groups.get(subscription.encoder);
    if (group === undefined) this.#groups.set(subscription.encoder, new Set([subscription]));
    else group.add(subscription);
  }

  remove(subscription: ViewSubscription<unknown>): void {
    const group = this.#groups.get(subscription.encoder);
    if (!group?.delete(subscription)) return;
    this.context.left();
    if (group.size > 0) return;
    this.#groups.delete(subscription.encoder);
    if (this.#groups.size === 0) this.context.abandoned(this);
  }

  /**
   * The state now, shared by all who begin or catch up at the same revision in one turn. Its body must be asked for before the
   * next commit.
   */
  snapshot(resumed: boolean | null): ViewEvent {
    const revision = this.context.replica.revision;
    if (this.#snapshot?.revision === revision && this.#snapshot.resumed === resumed) return this.#snapshot;
    if (this.#snapshot === null) {
      setImmediate(() => {
        this.#snapshot = null; // it may be large
      });
    }
    this.#snapshot = snapshotEvent(this.path, revision, {
      resumed,
      warning: this.warning(),
      staleMs: this.context.staleness(),
      encode: (format) => this.encodeState(format),
    });
    return this.#snapshot;
  }

  /** Delivers what the commit, which has just been applied, means here. */
  deliver(commit: Commit, events: CommitEvents): void {
    this.#snapshot = null;
    let event: ViewEvent | null;
    try {
      event = this.eventOf(commit, events);
    } catch (error) {
      this.#cancel(this.subscribers(), error);
      return;
    }
    if (event === null) return;
    for (const [encoder, subscriptions] of this.#groups) {
      if (isSeenBy(encoder, event)) this.#deliverAs(encoder, subscriptions, event, commit);
    }
  }

  #deliverAs(
    encoder: Encoder<unknown>,
    subscriptions: ReadonlySet<ViewSubscription<unknown>>,
    event: ViewEvent,
    commit: Commit,
  ): void {
    let encoded: unknown;
    try {
      encoded = encoder.encode(event);
    } catch (error) {
      this.#cancel(subscriptions, error);
      return;
    }
    const delivery = { encoded, event, commit };
    for (const subscription of subscriptions) this.#deliverTo(subscription, delivery);
  }

  /** A failure ends the subscriptions that it keeps from their event, and nothing else. */
  #cancel(subscriptions: Iterable<ViewSubscription<unknown>>, error: unknown): void {
    const details = { err: error, path: formatPath(this.path) };
    this.context.logger.error(details, 'an event could not be made; its subscriptions are ended');
    const failure = toBacksideError(error);
    for (const subscription of [...subscriptions]) subscription.cancel(failure);
  }

  *subscribers(): Generator<ViewSubscription<unknown>> {
    for (const subscriptions of this.#groups.values()) yield* subscriptions;
  }

  #deliverTo(subscription: ViewSubscription<unknown>, delivery: Delivery<unknown>): void {
    try {
      subscription.deliver(delivery);
    } catch (error) {
      this.context.logger.error({ err: error }, 'a listener failed; its subscription is ended');
      subscription.cancel(new BacksideError('internal', undefined, { cause: error }));
    }
  }
}

/** The view of everything at and below a path. Holds no data: events come from the commits alone. */
export class TreeView extends View {
  mayChange(change: Change): boolean {
    const before = this.context.replica.glance(this.path);
    if (before instanceof BigMap) return true;
    return !nodesEqual(before, getAt(change.value, this.path.slice(change.path.length)));
  }

  protected eventOf(_commit: Commit, events: CommitEvents): ViewEvent | null {
    return events.within(this.path);
  }

  changedBy(commit: Commit): readonly Path[] {
    return changesWithin(this.path, commit.changes).map(({ path, value }) =>
      value === null ? this.#gone(path) : path,
    );
  }

  /**
   * The topmost node that went with the one at `path`, its last child. Whatever comes back there is new: a subscriber must not
   * take it for changes of what it had.
   */
  #gone(path: Path): Path {
    for (let length = this.path.length; length < path.length; length += 1) {
      const above = path.slice(0, length);
      if (this.context.replica.glance(above) === null) return above;
    }
    return path;
  }

  protected encodeState(format: Format): string | Uint8Array {
    return encodeTree(this.context, this.path, format);
  }

  protected warning(): string | null {
    return null;
  }

  catchUp(paths: readonly Path[] | null): ViewEvent {
    const { replica } = this.context;
    const disjoint = paths === null ? null : withoutDescendants(paths);
    if (disjoint === null || disjoint.some((path) => path.length <= this.path.length)) return this.snapshot(null);
    const changes = orderAsOneStep(disjoint.map((path) => ({ path, value: currentValue(path, this.context) })));
    const source = { revision: replica.revision, id: `${replica.revision}-c` };
    return changes.length === 1 ? putEvent(changes[0]!, source) : patchEvent(this.path, changes, source);
  }
}

function currentValue(path: Path, { replica }: ViewContext): Change['value'] {
  if (path.at(-1) !== '.priority') return readNode(replica, path);
  const owner = replica.glance(path.slice(0, -1));
  return typeof owner === 'object' && owner !== null ? owner.priority : null;
}

function withoutDescendants(paths: readonly Path[]): Path[] {
  const kept: Path[] = [];
  for (const path of [...paths].sort((a, b) => a.length - b.length)) {
    if (!kept.some((above) => isPrefix(above, path))) kept.push(path);
  }
  return kept;
}

/** The node as JSON, without building it in memory when it is large. Throws `too-large` past the limit for snapshots. */
function encodeTree(context: ViewContext, path: Path, format: Format): string | Uint8Array {
  const node = context.replica.glance(path);
  if (!(node instanceof BigMap)) {
    const text = encodeNode(node, format);
    checkSize(text.length, context);
    return text;
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (const chunk of context.replica.streamJson(path, format)) {
    bytes += chunk.length;
    checkSize(bytes, context);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function checkSize(bytes: number, { maxSnapshotBytes }: ViewContext): void {
  if (bytes <= maxSnapshotBytes) return;
  throw new BacksideError(
    'too-large',
    `the data at this path is larger than ${maxSnapshotBytes} bytes; listen to less of it, with a query or a deeper path`,
  );
}
