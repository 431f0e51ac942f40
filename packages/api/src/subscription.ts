import { type BacksideError, type Commit, type Principal, toBacksideError } from '@backside/protocol';
import { formatPath, type Path, type Query } from '@backside/tree';
import { isSeenBy } from './event.js';
import type { Encoder, Listener, ListenOptions, Subscription, ViewEvent } from './listener.js';
import type { View } from './view.js';

/** What a paused subscription remembers at most before it falls back to a whole state. */
const MAX_MISSED_PATHS = 1_000;
const MAX_MISSED_CHARACTERS = 65_536;

/** The paths that changed while a subscription was paused: a bounded number of them, then just "everything". */
class MissedPaths {
  readonly paths = new Map<string, Path>();
  #characters = 0;
  everything = false;

  note(path: Path): void {
    if (this.everything) return;
    const text = formatPath(path);
    if (this.paths.has(text)) return;
    this.paths.set(text, path);
    this.#characters += text.length;
    if (this.paths.size > MAX_MISSED_PATHS || this.#characters > MAX_MISSED_CHARACTERS) this.noteEverything();
  }

  noteEverything(): void {
    this.everything = true;
    this.paths.clear();
  }
}

/** An event of a view on its way to the subscribers that share an encoder, and the commit that caused it. */
export interface Delivery<Encoded> {
  readonly encoded: Encoded;
  readonly event: ViewEvent;
  readonly commit: Commit;
}

/** One of the events that a subscription begins with. */
interface First<Encoded> {
  readonly event: ViewEvent;
  /** Made in advance for a whole state. */
  readonly encoded: Encoded | undefined;
}

/** A subscription's right to read, where that can be lost while rules and principal stay what they are. */
export interface HeldRight {
  /** Called before an event that no commit brings: decides again if time alone can have ended the right. May cancel. */
  beforeEvent(): void;
  /** The subscription has ended. */
  release(subscription: ViewSubscription<unknown>): void;
}

/** One client's interest in a view. Delivers in order: the first event, then live ones, or their sum after a pause. */
export class ViewSubscription<Encoded> implements Subscription {
  readonly view: View;
  readonly principal: Principal;
  /** As the client asked for it: rules see more of it than the view does. */
  readonly query: Query | null;
  readonly encoder: Encoder<Encoded>;
  right: HeldRight | null = null;
  readonly #listener: Listener<Encoded>;
  readonly #once: boolean;
  /** What it begins with, the next one last: cut at registration and delivered before anything else. */
  #first: First<Encoded>[] | null = null;
  #missed: MissedPaths | null = null;
  /** The revision that it begins at: what it begins with contains everything up to there. */
  #since = 0;
  #paused = false;
  #ended = false;

  constructor(
    view: View,
    principal: Principal,
    options: Pick<ListenOptions<Encoded>, 'encoder' | 'listener' | 'query' | 'once'>,
  ) {
    this.view = view;
    this.principal = principal;
    this.query = options.query ?? null;
    this.encoder = options.encoder;
    this.#listener = options.listener;
    this.#once = options.once ?? false;
  }

  get path(): Path {
    return this.view.path;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /**
   * Sets what it begins with and has it delivered once the caller of `listen` has its subscription. A whole state is encoded
   * now, while it is the present one.
   */
  begin(first: readonly ViewEvent[], revision: number): void {
    this.#since = revision;
    this.#first = first
      .map((event) => ({ event, encoded: event.snapshot ? this.encoder.encode(event) : undefined }))
      .reverse();
    queueMicrotask(() => this.#guarded(() => this.#deliverFirst()));
  }

  #deliverFirst(): void {
    while (this.#first !== null && !this.#ended && !this.#paused) {
      const next = this.#first.pop();
      if (next !== undefined) this.#listener.event(next.encoded ?? this.encoder.encode(next.event), next.event);
      else this.#begun();
    }
  }

  #begun(): void {
    this.#first = null;
    if (this.#once) this.end();
  }

  /** What goes wrong outside of a call by the edge ends this subscription and nothing else. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.cancel(toBacksideError(error));
    }
  }

  deliver({ encoded, event, commit }: Delivery<Encoded>): void {
    if (event.revision <= this.#since) return;
    if (this.#first !== null) this.#deliverFirst();
    if (this.#ended) return;
    if (this.#paused) this.#remember(this.view.changedBy(commit));
    else this.#listener.event(encoded, event);
  }

  #remember(changed: readonly Path[] | null): void {
    this.#missed ??= new MissedPaths();
    if (changed === null) this.#missed.noteEverything();
    else for (const path of changed) this.#missed.note(path);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused || this.#ended) return;
    this.#paused = false;
    this.#guarded(() => {
      this.right?.beforeEvent();
      this.#deliverFirst();
      if (!this.#paused) this.#deliverMissed();
    });
  }

  #deliverMissed(): void {
    const missed = this.#missed;
    this.#missed = null;
    if (missed === null || this.#ended) return;
    const event = this.view.catchUp(missed.everything ? null : [...missed.paths.values()]);
    if (isSeenBy(this.encoder, event)) this.#listener.event(this.encoder.encode(event), event);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#first = null;
    this.#missed = null;
    this.right?.release(this);
    this.right = null;
    this.view.remove(this);
  }

  /** Ends it from the server's side and says why. */
  cancel(error: BacksideError): void {
    if (this.#ended) return;
    this.end();
    this.#listener.cancelled(error);
  }
}
