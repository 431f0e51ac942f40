import type { PrivateTree } from '@backside/auth';
import { BacksideError, type Logger } from '@backside/protocol';
import type { Path } from '@backside/tree';
import type { JobRequest, Jobs } from '../jobs.js';
import type { CronEntry } from './cron-entry.js';

/** A tick that is noticed no later than this counts as on time. */
const ON_TIME_MS = 60_000;
/** Ticks that are made up for at once, at most: one each second for as long as counts as on time. */
const MAX_TICKS = ON_TIME_MS / 1_000 + 1;
/** What was done lies further ahead than this only if the clock was wrong then. */
const MAX_AHEAD_MS = 25 * 3_600_000;

export interface ScheduleOptions {
  readonly jobs: Pick<Jobs, 'submit'>;
  /** A part of the private tree; uses `cron/KEY`: the last tick of each entry that was submitted. */
  readonly tree: PrivateTree;
  readonly now: () => number;
  readonly logger: Logger;
}

interface Planned {
  readonly entry: CronEntry;
  /** The next tick of which this node knows no submission. */
  next: number | null;
}

/**
 * Submits the jobs of ticks. The id of a tick's job is made of entry and tick, so of all nodes that submit it one succeeds; which tick
 * was the last is kept, so that neither a restart nor a clock that is set back fires one again.
 */
export class Schedule {
  readonly #options: ScheduleOptions;
  #planned: readonly Planned[] = [];

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  /** Puts other entries in force. One that was never in force begins now. Rejects as the tree does; then the old ones stay. */
  async replace(entries: readonly CronEntry[]): Promise<void> {
    const now = this.#options.now();
    await this.#options.tree.refresh();
    const isNew = entries.filter(({ key }) => this.#last(key) === null);
    if (isNew.length > 0) await this.#begin(isNew, now);
    this.#planned = entries.map((entry) => ({ entry, next: entry.next(this.#last(entry.key) ?? now) }));
  }

  /** When the next tick is, in milliseconds; null if there will be none. */
  get next(): number | null {
    const times = this.#planned.map(({ next }) => next).filter((next) => next !== null);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Submits everything whose time has come. False if something failed: the next call tries it again. */
  async fire(): Promise<boolean> {
    const now = this.#options.now();
    let all = true;
    for (const planned of this.#planned) {
      try {
        await this.#fireEntry(planned, now);
      } catch (error) {
        all = false;
        const { logger } = this.#options;
        logger.warn(
          { err: error, cron: planned.entry.line.cron },
          'a job of the crontab could not be submitted; it is tried again',
        );
      }
    }
    return all;
  }

  async #fireEntry(planned: Planned, now: number): Promise<void> {
    const { entry } = planned;
    const last = this.#last(entry.key) ?? now;
    if (last - now > MAX_AHEAD_MS) return this.#reset(planned, now);
    if (planned.next === null || planned.next > now) return;
    const ticks = ticksBetween(entry, last, now);
    for (const tick of ticks) await this.#submit(entry, tick);
    const reached = Math.max(last, ticks.at(-1) ?? entry.previous(now) ?? last);
    if (reached > last) await this.#record(entry.key, reached);
    planned.next = entry.next(reached);
  }

  async #submit(entry: CronEntry, tick: number): Promise<void> {
    for (const [index, request] of entry.requests.entries()) {
      const named: JobRequest = { ...request, id: `cron-${entry.key}-${tick}-${index}` };
      try {
        await this.#options.jobs.submit(named);
      } catch (error) {
        // It will be as wrong the next time.
        if (!(error instanceof BacksideError && error.code === 'invalid-data')) throw error;
        this.#options.logger.error(
          { err: error, cron: entry.line.cron },
          'a job of the crontab is not valid; it is left out',
        );
      }
    }
  }

  /** The clock was far ahead once and is not any more: the entry begins anew. */
  async #reset(planned: Planned, now: number): Promise<void> {
    const { entry } = planned;
    this.#options.logger.warn(
      { cron: entry.line.cron },
      'the clock was set back by more than a day; a job of the crontab begins anew',
    );
    await this.#options.tree.update([{ path: placeOf(entry.key), value: now }]);
    planned.next = entry.next(now);
  }

  #last(key: string): number | null {
    const last = this.#options.tree.read(placeOf(key));
    return typeof last === 'number' ? last : null;
  }

  async #begin(entries: readonly CronEntry[], now: number): Promise<void> {
    for (const { key } of entries) {
      await this.#unlessMoved([{ path: placeOf(key), value: now }], [{ path: placeOf(key), value: null }]);
    }
  }

  /** Nobody ever takes the last tick back. */
  async #record(key: string, tick: number): Promise<void> {
    const last = this.#last(key);
    if (last !== null && last >= tick) return;
    await this.#unlessMoved([{ path: placeOf(key), value: tick }], [{ path: placeOf(key), value: last }]);
  }

  /** Another node that was faster has written the same, or more. */
  async #unlessMoved(...update: Parameters<PrivateTree['update']>): Promise<void> {
    try {
      await this.#options.tree.update(...update);
    } catch (error) {
      if (!(error instanceof BacksideError && error.code === 'precondition-failed')) throw error;
    }
  }
}

function placeOf(key: string): Path {
  return ['cron', key];
}

/** The ticks after `last` that are to fire at `now`: all that are on time, else what the entry wants of those that were missed. */
function ticksBetween(entry: CronEntry, last: number, now: number): number[] {
  const ticks: number[] = [];
  let tick = entry.next(Math.max(last, now - ON_TIME_MS - 1));
  while (tick !== null && tick <= now && ticks.length < MAX_TICKS) {
    ticks.push(tick);
    tick = entry.next(tick);
  }
  if (ticks.length > 0 || entry.line.missed === 'skip') return ticks;
  const missed = entry.previous(now);
  return missed !== null && missed > last ? [missed] : [];
}
