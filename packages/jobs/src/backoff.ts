import type { Backoff } from './queue.js';

export const DEFAULT_BACKOFF: Backoff = { kind: 'exponential', delayMs: 1_000, maxDelayMs: 3_600_000, jitter: 0.5 };

/** The pause after failed attempt number `attempt`, in milliseconds; `random` is uniform in [0, 1). */
export function backoffMs({ kind, delayMs, maxDelayMs, jitter }: Backoff, attempt: number, random: number): number {
  const growing = kind === 'exponential' ? delayMs * 2 ** Math.min(attempt - 1, 50) : delayMs;
  return Math.round(Math.min(growing, maxDelayMs) * (1 - jitter * random));
}
