import { setTimeout as sleep } from 'node:timers/promises';
import { BacksideError, type Logger } from '@backside/protocol';
import { reasonOf } from './reason.js';

const FIRST_PAUSE_MS = 250;
const LAST_PAUSE_MS = 5_000;

export interface PatienceOptions {
  /** What is being reached, for the log and the error. */
  readonly what: string;
  /** Where it is; its secrets are in no message. */
  readonly url: string;
  readonly logger: Logger;
  /** How long to go on trying, in milliseconds. */
  readonly patienceMs: number;
  /** Ends the trying: it rejects with its reason. */
  readonly ending?: AbortSignal | undefined;
}

/**
 * Tries until it succeeds, again and again while it fails with `unavailable`, with a log line for each failure. Rejects with any other
 * error at once, and with a message that says what could not be reached once the time is up.
 */
export async function withPatience<Result>(open: () => Promise<Result>, options: PatienceOptions): Promise<Result> {
  const { what, url, logger, patienceMs, ending } = options;
  const deadline = Date.now() + patienceMs;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LAST_PAUSE_MS, 2 * pause)) {
    try {
      return await open();
    } catch (cause) {
      if (!(cause instanceof BacksideError) || cause.code !== 'unavailable') throw cause;
      const problem = reasonOf(cause, url);
      const leftMs = deadline - Date.now();
      if (leftMs <= 0) throw new Error(`${what} could not be reached: ${problem}`, { cause });
      ending?.throwIfAborted();
      logger.warn({ problem, leftMs }, `${what} cannot be reached; trying again`);
      await sleep(Math.min(pause, leftMs), undefined, { signal: ending }).catch(() => ending?.throwIfAborted());
    }
  }
}
