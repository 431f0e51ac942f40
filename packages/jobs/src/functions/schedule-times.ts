import { BacksideError } from '@backside/protocol';
import { Cron } from 'croner';

/** Firings that are counted at most when a schedule was not looked at for long. */
const MAX_MISSED = 1_000;

/** When a schedule fires. Times are milliseconds since the epoch. */
export class ScheduleTimes {
  readonly #cron: Cron;

  /** Throws `invalid-data` unless `expression` has five fields, or six with seconds first, and `timezone` is one. */
  constructor(expression: string, timezone?: string) {
    try {
      this.#cron = new Cron(expression, { paused: true, ...(timezone !== undefined && { timezone }) });
      this.#cron.nextRun();
    } catch (cause) {
      throw new BacksideError('invalid-data', `${JSON.stringify(expression)} is no schedule`, { cause });
    }
  }

  /** The first time after `time`; null if there is none. */
  after(time: number): number | null {
    return this.#cron.nextRun(new Date(time))?.getTime() ?? null;
  }

  /** The last time after `time` up to `now`, and how many came before it; null if none is due. */
  due(time: number, now: number): { readonly time: number; readonly missed: number } | null {
    let last: number | null = null;
    for (let missed = -1; missed < MAX_MISSED; missed++) {
      const next = this.after(last ?? time);
      if (next === null || next > now) return last === null ? null : { time: last, missed };
      last = next;
    }
    return { time: this.#cron.previousRuns(1, new Date(now + 1))[0]?.getTime() ?? now, missed: MAX_MISSED };
  }
}
