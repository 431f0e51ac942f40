import { setTimeout as sleep } from 'node:timers/promises';
import { isPassing } from './postgres-error.js';

const FIRST_PAUSE_MS = 20;
const LAST_PAUSE_MS = 1_000;

export interface Patience {
  /** How long it is tried again, in milliseconds. */
  readonly patienceMs: number;
  /** Whether nobody needs the result any more. */
  readonly isOver?: () => boolean;
}

/** Does `work`, and does it again while it fails for reasons that may pass. Throws its last error. */
export async function retrying<Result>({ patienceMs, isOver }: Patience, work: () => Promise<Result>): Promise<Result> {
  const deadline = performance.now() + patienceMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LAST_PAUSE_MS, pauseMs * 2)) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || isOver?.() || performance.now() + pauseMs > deadline) throw error;
    }
    await sleep(pauseMs * (0.5 + Math.random()));
  }
}
