import type { CloseReason } from './transport.js';

/** How long a connection that has said all stays open for its peer to read: destroying it at once could lose the last words. */
const LINGER_MS = 300;
/** How long the peer may take to fetch what is queued for it. */
const FLUSH_TIMEOUT_MS = 10_000;
const SLOW_FLUSH_TIMEOUT_MS = 1_000;

/** What is closing. */
export interface Closing {
  /** Octets that the system has not taken yet. */
  readonly queuedBytes: number;
  destroy(): void;
}

/** Destroys a connection that is closing shortly after its output has been taken, or when that takes too long. */
export function linger(closing: Closing, reason: CloseReason): void {
  let left = reason === 'slow-consumer' ? SLOW_FLUSH_TIMEOUT_MS : FLUSH_TIMEOUT_MS;
  const timer = setInterval(() => {
    left -= LINGER_MS;
    if (closing.queuedBytes > 0 && left > 0) return;
    clearInterval(timer);
    closing.destroy();
  }, LINGER_MS);
  timer.unref();
}
