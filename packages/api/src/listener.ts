import type { BacksideError } from '@backside/protocol';
import type { Format, Path, Query } from '@backside/tree';

/** What happened to a view, as all of its subscribers get it. */
export interface ViewEvent {
  /** `put`: the node at `path` is now `body`. `patch`: each relative path in `body` (an object) has that value now. */
  readonly kind: 'put' | 'patch';
  /** The path that changed; the listened path for the state at the beginning. */
  readonly path: Path;
  /** The revision that this event brings the subscriber to. */
  readonly revision: number;
  /** Unique among the events of one view, and equal for all of its subscribers; letters, digits and dashes. */
  readonly id: string;
  /** Whether the event carries the whole state of the view, as the first one does. */
  readonly snapshot: boolean;
  /** Application headers of the write that caused it. */
  readonly headers: readonly (readonly [string, string])[];
  /** On the first event: whether it (or the events after it) continue the client's resume point. */
  readonly resumed: boolean | null;
  /** `no-index` on the first event of a query that had to read every child. */
  readonly warning: string | null;
  /**
   * On a first event or a whole state while the journal is out of reach: writes that were acknowledged by other nodes within the last so
   * many milliseconds may be missing. Else null.
   */
  readonly staleMs: number | null;
  /** Whether it tells of nothing but priorities, which the form `val` does not show. */
  readonly prioritiesOnly: boolean;
  /** The body as UTF-8 JSON; made once per format. */
  body(format: Format): Uint8Array;
}

/** Turns an event into the bytes that an edge sends. Subscriptions that pass the same object share its result. */
export interface Encoder<Encoded> {
  /** The form that it shows. Events in which there is nothing to see in this form are neither encoded nor delivered. */
  readonly format: Format;
  encode(event: ViewEvent): Encoded;
}

/** The receiving end of one subscription. Calls come in order, never during `listen` itself. */
export interface Listener<Encoded> {
  event(encoded: Encoded, event: ViewEvent): void;
  /** The subscription has ended by the server's decision; no event follows. */
  cancelled(error: BacksideError): void;
}

export interface ListenOptions<Encoded> {
  readonly path: Path;
  readonly query?: Query;
  readonly encoder: Encoder<Encoded>;
  readonly listener: Listener<Encoded>;
  /** `epoch:revision` of the last event that the client has; it gets what came after, if that is still known. */
  readonly resume?: string;
  /** With `resume`: an empty patch is the first event if nothing was missed, so that there always is one. */
  readonly confirm?: boolean;
  /** End the subscription after its first event. */
  readonly once?: boolean;
}

export interface Subscription {
  readonly path: Path;
  /**
   * The consumer cannot take more. Events are no longer delivered but remembered as the paths that they touched (a bounded
   * number, beyond which the next event is a whole state).
   */
  pause(): void;
  /** Delivers, as one event, what has changed since `pause`, then goes on. */
  resume(): void;
  /** Ends it; no call to the listener follows. */
  end(): void;
}
