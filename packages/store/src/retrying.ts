import { setTimeout as sleep } from 'node:timers/promises';

/** Between two tries, in milliseconds, half of that more or less: twice as long each time. */
const FIRST_PAUSE_MS = 10;
const LAST_PAUSE_MS = 1_000;

/** For what, and for how long, something is tried again. */
export interface Patience {
  readonly patienceMs: number;
  /** Whether trying again may help after this error. */
  readonly isPassing: (error: unknown) => boolean;
  /** Whether nobody needs the result any more. */
  readonly isOver?: () => boolean;
  /** Milliseconds that only ever grow; those of the process by default. */
  readonly elapsed?: () => number;
}

/** Does `work`, and does it again while it fails for reasons that may pass; with no patience, once. Throws its last error. */
export async function retrying<Result>(patience: Patience, work: () => Promise<Result>): Promise<Result> {
  const { patienceMs, isPassing, isOver = () => false, elapsed = () => performance.now() } = patience;
  const deadline = elapsed() + patienceMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LAST_PAUSE_MS, pauseMs * 2)) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || isOver() || elapsed() + pauseMs > deadline) throw error;
    }
    await sleep(pauseMs * (0.5 + Math.random()));
  }
}
