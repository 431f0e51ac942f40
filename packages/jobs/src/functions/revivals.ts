import type { Effects } from './effects.js';
import type { FunctionStore } from './function-store.js';
import { PLACES } from './places.js';
import { asStored, pendingEntry, type StoredDeadLetter } from './stored-event.js';

/** Taken in hand at a time, of each function. */
const PAGE = 100;

export interface RevivalsOptions {
  readonly store: FunctionStore;
  readonly effects: Effects;
  /** Called when an event that was given up stands among those that wait. */
  readonly revived: (name: string, key: string) => void;
}

interface Asked {
  readonly name: string;
  readonly key: string;
  /** Null if somebody has dropped it meanwhile. */
  readonly letter: StoredDeadLetter | null;
}

/** Puts dead letters back among the events that wait, as somebody has asked. */
export class Revivals {
  readonly #options: RevivalsOptions;

  constructor(options: RevivalsOptions) {
    this.#options = options;
  }

  /** Does what is asked for. After a failure the next call goes on. */
  async step(): Promise<void> {
    const asked = this.#asked();
    if (asked.length === 0) return;
    const { effects } = this.#options;
    // What its earlier tries wrote is not written again: the database may have forgotten it, the journal has not.
    const letters = asked.flatMap(({ letter }) => (letter === null ? [] : [letter]));
    const ids = letters.map(({ event }) => event.id);
    if (letters.length > 0) await effects.recallOf(ids, Math.min(...letters.map(({ head }) => head)));
    for (const one of asked) await this.#revive(one);
  }

  #asked(): Asked[] {
    const { store } = this.#options;
    return store.tree.keys(PLACES.revivals).flatMap((name) =>
      store.tree.keys(PLACES.revivalsOf(name), { limit: PAGE }).map((key): Asked => {
        const letter = asStored<StoredDeadLetter>(store.json(PLACES.deadEntry(name, key)));
        return { name, key, letter };
      }),
    );
  }

  async #revive({ name, key, letter }: Asked): Promise<void> {
    const { store, revived } = this.#options;
    const asked = { path: PLACES.revival(name, key), value: null };
    if (letter === null) return store.write([asked]);
    const { event, head } = letter;
    const dead = { path: PLACES.deadEntry(name, key), value: null };
    await store.write([asked, dead, pendingEntry(name, key, { event, head })]);
    revived(name, key);
  }
}
