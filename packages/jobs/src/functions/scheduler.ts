import type { Database } from '@backside/api';
import type { ScheduleEvent } from './define.js';
import type { FunctionStore } from './function-store.js';
import { PLACES } from './places.js';
import type { Registry, WatchedFunction } from './registry.js';
import { ScheduleTimes } from './schedule-times.js';
import { entryKey, eventId, pendingEntry } from './stored-event.js';

export interface SchedulerOptions {
  readonly store: FunctionStore;
  readonly registry: Registry;
  readonly database: Database;
  readonly now: () => number;
  /** Called once there are new entries of these functions. */
  readonly recorded: (names: ReadonlySet<string>) => void;
}

/** A schedule fired last at a time that lies further ahead than this only if the clock was wrong then. */
const MAX_AHEAD_MS = 25 * 3_600_000;

interface Timed {
  readonly watched: WatchedFunction;
  readonly times: ScheduleTimes;
  /** When it fired last, or was first seen. */
  last: number;
  /** When it is due again; null for never. */
  next: number | null;
}

/**
 * Turns due times into events that wait to be run. A firing and the time that it was for are stored as one, so that of all nodes, and through
 * any crash and any change of the clock, each time fires once. Times that nobody was there for are made up for by one firing.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  #timed: Timed[] = [];
  #of: readonly WatchedFunction[] | null = null;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Fires what is due. After a failure the next call looks again. */
  async step(): Promise<void> {
    const { registry, now } = this.#options;
    if (this.#of !== registry.watched) await this.#begin(registry.watched);
    const time = now();
    for (const timed of this.#timed) if (timed.next !== null && timed.next <= time) await this.#fire(timed, time);
  }

  async #begin(watched: readonly WatchedFunction[]): Promise<void> {
    const { store, now } = this.#options;
    const timed: Timed[] = [];
    const first = [];
    for (const one of watched) {
      if (one.trigger.kind !== 'schedule') continue;
      const stored = store.tree.read(PLACES.fired(one.name));
      const known = typeof stored === 'number' && stored - now() < MAX_AHEAD_MS;
      const last = known ? stored : now();
      if (!known) first.push({ path: PLACES.fired(one.name), value: last });
      const times = new ScheduleTimes(one.trigger.cron, one.trigger.timezone);
      timed.push({ watched: one, times, last, next: times.after(last) });
    }
    if (first.length > 0) await store.write(first);
    this.#timed = timed;
    this.#of = watched;
  }

  async #fire(timed: Timed, now: number): Promise<void> {
    const { store, database, recorded } = this.#options;
    const { times, watched } = timed;
    const due = times.due(timed.last, now);
    if (due !== null) {
      const { name } = watched;
      const key = entryKey('s', due.time);
      const event: Omit<ScheduleEvent, 'attempt'> = { id: eventId(database.epoch, name, key), ...due };
      await store.write([
        pendingEntry(name, key, { event, head: database.revision }),
        { path: PLACES.fired(name), value: due.time },
      ]);
      timed.last = due.time;
      recorded(new Set([name]));
    }
    timed.next = times.after(timed.last);
  }
}
