/** Called once its time has come, with the present time; returns when to be called again, or null for never. */
export type Timed = (now: number) => number | null;

/** What a call is for. */
export interface Owner {
  /** Whether the call has lost its purpose. */
  readonly over: boolean;
}

interface Entry {
  readonly at: number;
  readonly timed: Timed;
  readonly owner: Owner;
}

const SLOTS = 512;

/**
 * The timing of all connections with one timer: a wheel of slots, each `resolutionMs` wide, so that a moment costs only
 * what is due in it. Calls come up to two resolutions late and never early.
 */
export class Deadlines {
  readonly #resolutionMs: number;
  readonly #slots: (Entry[] | null)[] = new Array<Entry[] | null>(SLOTS).fill(null);
  /** The number of the last slot that was looked at; slots are numbered from time 0 on. */
  #done: number;
  #timer: NodeJS.Timeout | null = null;

  constructor(now: number, resolutionMs = 50) {
    this.#resolutionMs = resolutionMs;
    this.#done = Math.floor(now / resolutionMs);
  }

  /**
   * Has `timed` called at `at` or a little later; at once (with the next advance) if that is past. What belongs to an owner
   * that is over is forgotten within one turn of the wheel, however far off its time is.
   */
  schedule(at: number, timed: Timed, owner: Owner): void {
    const furthest = this.#done + SLOTS - 1;
    const slot = Math.min(furthest, Math.max(this.#done + 1, Math.ceil(at / this.#resolutionMs)));
    const entries = this.#slots[slot % SLOTS];
    if (entries) entries.push({ at, timed, owner });
    else this.#slots[slot % SLOTS] = [{ at, timed, owner }];
  }

  /** Calls what is due at `now`. */
  advance(now: number): void {
    const last = Math.floor(now / this.#resolutionMs);
    const reached: Entry[] = [];
    for (let slot = Math.max(this.#done, last - SLOTS) + 1; slot <= last; slot += 1) {
      const entries = this.#slots[slot % SLOTS];
      for (const entry of entries ?? []) reached.push(entry);
      this.#slots[slot % SLOTS] = null;
    }
    this.#done = Math.max(this.#done, last);
    for (const entry of reached) this.#call(entry, now);
  }

  #call(entry: Entry, now: number): void {
    if (entry.owner.over) return;
    const next = entry.at > now ? entry.at : entry.timed(now);
    if (next !== null) this.schedule(next, entry.timed, entry.owner);
  }

  /** Advances by itself, on a timer that does not keep the process alive. */
  start(now: () => number): void {
    this.#timer ??= setInterval(() => this.advance(now()), this.#resolutionMs).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
