import { formatPath, isPrefix, type Path } from '@backside/tree';
import { abortable } from '../link/abortable.js';
import type { Connection, ListenTarget, ServerEvent } from '../link/connection.js';
import type { Environment } from '../link/environment.js';
import { ClosedError, RefusedError } from '../link/refused-error.js';
import type { WireAck, WireWrite } from '../link/write.js';
import type { StoredListen, SyncStore } from '../offline/sync-store.js';
import { Emissions } from './emissions.js';
import { LocalWrite } from './local-write.js';
import { Outbox } from './outbox.js';
import { PendingWrites } from './pending-writes.js';
import { type ListenState, ServerListen, type Touched, targetKey } from './server-listen.js';
import { StoredUser } from './stored-user.js';
import { type Fetched, fetchOnce, loadAndSubscribe, type SubscriptionContext, subscribe } from './subscription.js';
import { type Registration, type Shown, View, WHOLE } from './view.js';
import { isOwn, isOwned, ownTarget, type ViewTarget } from './view-target.js';

export interface SyncTreeOptions {
  readonly connection: Connection;
  readonly environment: Pick<Environment, 'now' | 'setTimeout' | 'report'>;
  /** Null keeps everything in memory only. */
  readonly store: SyncStore | null;
}

/** Told of each refused write, whether or not anybody waits for it. */
export type RefusalListener = (error: RefusedError, write: WireWrite) => void;

/**
 * What this client knows of the tree: the server's data, as far as it listens, under its own writes that have no answer yet.
 * A view is served by a listen to its own place or by one to all of a place above; no two listens overlap for long.
 */
export class SyncTree {
  readonly refusals: Set<RefusalListener> = new Set();
  /** Null if nothing is stored. */
  readonly storedUser: StoredUser | null;
  readonly #options: SyncTreeOptions;
  readonly #pending = new PendingWrites((write, revision) => this.#isAwaited(write, revision));
  readonly #emissions: Emissions;
  readonly #outbox: Outbox;
  readonly #context: SubscriptionContext;
  readonly #listens = new Map<string, ServerListen>();
  readonly #views = new Map<string, View>();
  #sweeping = false;

  constructor(options: SyncTreeOptions) {
    this.#options = options;
    this.#emissions = new Emissions((error) => options.environment.report(error));
    this.#context = {
      ...options,
      changed: (listen) => this.#refresh(listen, null),
      received: (listen, event) => this.#receive(listen, event),
      lost: (listen, error) => this.#lose(listen, error),
    };
    const { connection, store, environment } = options;
    // What is written while it is gone may be of use only together with what it was written upon.
    connection.onStatus(() => void store?.flush());
    const emptied = (): void => {
      for (const listen of this.#listens.values()) store?.saveListen(listen.target, () => storedState(listen));
    };
    this.storedUser = store && new StoredUser({ connection, store, report: environment.report, emptied });
    this.#outbox = new Outbox(options, this.storedUser);
    if (store !== null) void this.#outbox.turn(() => this.#takeUpStored(store));
  }

  /** The server's clock, in milliseconds since 1970, as far as it is known. */
  now(): number {
    return this.#options.environment.now() + this.#options.connection.serverTimeOffset;
  }

  /** The listener is told what is known, soon but not at once, and then of what changes. The returned function ends that. */
  watch(target: ViewTarget, registration: Registration): () => void {
    const view = this.#viewOf(target);
    view.register(registration);
    queueMicrotask(() => this.#emissions.flush());
    return () => {
      view.registrations.delete(registration);
      this.#sweepSoon();
    };
  }

  /** Resolves with what the server says is there: at once if that is known, else once it has answered. Rejects if it refuses. */
  confirmed(target: ViewTarget, signal?: AbortSignal): Promise<Shown> {
    return abortable(signal, (resolve, refused) => {
      const view = this.#viewOf(target);
      const leave = this.watch(target, { type: 'value', states: false, event: () => {}, refused });
      const settle = (): void => resolve(view.shown as Shown);
      const calledOff = view.whenConfirmed(settle);
      if (view.confirmed) queueMicrotask(settle);
      return () => {
        leave();
        calledOff();
      };
    });
  }

  /** What views of this target show now; null if nothing is known or nobody listens. */
  peek(target: ViewTarget): Shown | null {
    return this.#views.get(targetKey(target))?.shown ?? null;
  }

  /** Up to which revision the server's data at a listened path is known. */
  revisionAt(path: Path): number {
    return this.#views.get(targetKey({ path, query: WHOLE }))?.source?.revision ?? 0;
  }

  /** Asks the server what is at a path, whatever is known here. Rejects if it refuses. */
  fetch(path: Path, signal?: AbortSignal): Promise<Fetched> {
    return fetchOnce(this.#options.connection, path, signal);
  }

  /** Shows the write at once and sends it. Settles as `Connection.write` does; a write that is refused is shown no more. */
  async write(wire: WireWrite, how: { visible?: boolean; signal?: AbortSignal | undefined } = {}): Promise<WireAck> {
    const { visible = true, signal } = how;
    signal?.throwIfAborted();
    const write = new LocalWrite(wire, this.now(), visible);
    signal?.addEventListener('abort', () => write.wait.abort(signal.reason), { signal: write.wait.signal });
    // Before the listeners are told, for what they write comes behind it.
    const answer = this.#settled(write, this.#outbox.send(write.wire, write.wait.signal));
    this.#show(write);
    return answer;
  }

  /** See `Database.clearCache`. */
  async clearCache(): Promise<void> {
    await this.#outbox.turn(async () => {
      for (const { wait } of [...this.#pending.waiting]) wait.abort(new RefusedError('unauthenticated'));
      await this.storedUser?.clear();
    });
  }

  /** Ends all listens, and the waits for what they would have told. Resolves when all writes so far are stored. */
  close(): Promise<unknown> {
    for (const listen of this.#listens.values()) listen.stop();
    this.#listens.clear();
    for (const view of this.#views.values()) this.#end(view, new ClosedError());
    this.#emissions.flush();
    return this.#outbox.turn(async () => {});
  }

  #show(write: LocalWrite): void {
    this.#pending.add(write);
    if (!write.visible) return;
    this.#refreshAll((listen) => listen.overlay(write));
  }

  async #settled(write: LocalWrite, answer: Promise<WireAck>): Promise<WireAck> {
    try {
      const ack = await answer;
      this.#settle(write, ack.revision, null);
      return ack;
    } catch (error) {
      if (!(error instanceof ClosedError)) this.#settle(write, null, error instanceof RefusedError ? error : null);
      throw error;
    } finally {
      // So that an application's signal lets go of it.
      write.wait.abort(null);
    }
  }

  #settle(write: LocalWrite, revision: number | null, refusal: RefusedError | null): void {
    this.#pending.settle(write, revision);
    if (refusal !== null) for (const tell of this.refusals) this.#emissions.add(() => tell(refusal, write.wire));
    this.#refreshAll((listen) => listen.settle(write, revision), refusal);
  }

  /** The writes that an earlier process left behind, shown and sent again before any new one. */
  async #takeUpStored(store: SyncStore): Promise<void> {
    const isShown = await this.storedUser?.isHere();
    const stored = await store.loadWrites().catch((error: unknown) => {
      this.#options.environment.report(error);
      return [];
    });
    for (const wire of stored) {
      const write = new LocalWrite(wire, this.now(), isShown);
      this.#show(write);
      // Its refusal is told to `refusals`, there being nobody else who waits.
      this.#settled(write, this.#outbox.resend(wire, write.wait.signal)).catch(() => undefined);
    }
  }

  #isAwaited(write: LocalWrite, revision: number): boolean {
    for (const listen of this.#listens.values())
      if (listen.revision < revision && write.touches(listen.path)) return true;
    return false;
  }

  #refreshAll(change: (listen: ServerListen) => Touched, refusal: RefusedError | null = null): void {
    for (const listen of this.#listens.values()) {
      const touched = change(listen);
      for (const view of listen.views) view.refresh(touched, refusal);
    }
    this.#emissions.flush();
  }

  #refresh(listen: ServerListen, touched: Touched): void {
    for (const view of listen.views) view.refresh(touched);
    this.#emissions.flush();
  }

  #viewOf({ path, query }: ViewTarget): View {
    const key = targetKey({ path, query });
    const known = this.#views.get(key);
    if (known !== undefined) return known;
    const view = new View({ path, query }, this.#pending, this.#emissions);
    this.#views.set(key, view);
    this.#connect(view, null);
    return view;
  }

  /** Gives a view its source: a listen above it, or one of its own that begins with `state`. */
  #connect(view: View, state: ListenState | null): void {
    const source = this.#listenAbove(view.path) ?? this.#listenTo(ownTarget(view), state);
    view.source?.views.delete(view);
    source.views.add(view);
    view.source = source;
    view.refresh(null);
  }

  #listenAbove(path: Path): ServerListen | null {
    let found: ServerListen | null = null;
    for (let length = 0; length <= path.length; length++) {
      const listen = this.#listens.get(formatPath(path.slice(0, length)));
      if (listen === undefined || !isOwned(listen)) continue;
      if (listen.knowledge === 'confirmed') return listen;
      found ??= listen;
    }
    return found;
  }

  #sweepSoon(): void {
    if (this.#sweeping) return;
    this.#sweeping = true;
    this.#options.environment.setTimeout(() => {
      this.#sweeping = false;
      this.#sweep();
    }, 0);
  }

  /** Ends the views without listeners and the listens that no view asked for. */
  #sweep(): void {
    for (const [key, view] of this.#views) {
      if (view.registrations.size > 0) continue;
      this.#views.delete(key);
      view.source?.views.delete(view);
    }
    for (const listen of [...this.#listens.values()]) if (!isOwned(listen)) this.#abandon(listen);
    this.#emissions.flush();
  }

  /** Ends a listen; the views that it served go on from what it knows. */
  #abandon(listen: ServerListen): void {
    for (const view of [...listen.views]) this.#connect(view, listen.stateAt(view.path));
    this.#listens.delete(targetKey(listen.target));
    listen.stop();
  }

  #listenTo(target: ListenTarget, state: ListenState | null): ServerListen {
    const key = targetKey(target);
    const known = this.#listens.get(key);
    if (known !== undefined) return known;
    const listen = new ServerListen(target, this.#pending, state);
    this.#listens.set(key, listen);
    if (this.storedUser === null || state !== null) subscribe(listen, this.#context);
    else loadAndSubscribe(listen, this.storedUser, this.#context);
    return listen;
  }

  #receive(listen: ServerListen, event: ServerEvent): void {
    const first = listen.knowledge !== 'confirmed';
    const touched = listen.receive(event);
    this.#options.store?.saveListen(listen.target, () => storedState(listen));
    this.#refresh(listen, first ? null : touched);
    if (!listen.partial) this.#takeOver(listen);
  }

  /** A listen that knows all of its place serves what is below it, as soon as it is no older than what serves it now. */
  #takeOver(above: ServerListen): void {
    for (const listen of [...this.#listens.values()]) {
      if (listen === above || !isPrefix(above.path, listen.path) || listen.revision > above.revision) continue;
      this.#abandon(listen);
    }
    this.#emissions.flush();
  }

  /** The server ended a listen: the views that asked for it end too, others ask for themselves. */
  #lose(listen: ServerListen, error: RefusedError): void {
    this.#listens.delete(targetKey(listen.target));
    listen.stop();
    this.#options.store?.dropListen(listen.target).catch((cause: unknown) => this.#options.environment.report(cause));
    for (const view of [...listen.views]) {
      if (isOwn(view, listen)) this.#end(view, error);
      else this.#connect(view, null);
    }
    this.#emissions.flush();
  }

  #end(view: View, error: Error): void {
    this.#views.delete(targetKey(view));
    view.refuse(error);
  }
}

function storedState(listen: ServerListen): StoredListen | null {
  const resume = listen.resumePoint();
  return resume === null ? null : { node: listen.exported(), resume };
}
