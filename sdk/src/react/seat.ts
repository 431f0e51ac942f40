import type { Json } from '@backside/tree';
import type { Presence } from '../presence/presence.js';

/** Who a component says is here. */
export interface Me<Meta extends Json = Json> {
  readonly uid: string;
  readonly meta?: Meta;
}

/**
 * Joins for the components that want it, as the one that asked last says, and leaves after the last of them. It acts at the end of the
 * turn, so that a component that goes and comes back within one, as each does in StrictMode, has never left.
 */
export class Seat {
  readonly #presence: Presence;
  readonly #tell: (error: Error | null) => void;
  readonly #wishes = new Set<Me>();
  /** What holds on the server, or is on its way there; null for nothing. */
  #said: string | null = null;

  /** `tell` gets why joining was refused, and null when it has worked. */
  constructor(presence: Presence, tell: (error: Error | null) => void) {
    this.#presence = presence;
    this.#tell = tell;
  }

  /** The returned function takes the wish back. */
  take(me: Me): () => void {
    // An object of its own, so that the same one given twice counts as two.
    const wish = { ...me };
    this.#wishes.add(wish);
    queueMicrotask(() => this.settle());
    return () => {
      this.#wishes.delete(wish);
      queueMicrotask(() => this.settle());
    };
  }

  /** Says what is wished now, unless that was said; what was refused is said again. */
  settle(): void {
    const wish = Array.from(this.#wishes).at(-1) ?? null;
    const words = wish === null ? null : JSON.stringify(wish);
    if (words === this.#said) return;
    this.#said = words;
    if (wish !== null) this.#join(wish, words);
    // Who wanted to leave is told nothing: the server takes the entry away when the connection ends.
    else this.#presence.leave().catch(() => undefined);
  }

  #join({ uid, meta }: Me, words: string | null): void {
    this.#presence.join(uid, meta).then(
      () => this.#tell(null),
      (error: Error) => {
        if (this.#said === words) this.#said = null;
        this.#tell(error);
      },
    );
  }
}
