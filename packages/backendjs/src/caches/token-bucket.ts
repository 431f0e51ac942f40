import type { Bucket, LimiterAnswer } from '../cache.js';

/** How full a bucket was at a moment. */
export interface BucketLevel {
  readonly tokens: number;
  readonly at: number;
}

export interface Taking {
  /** Undefined for a bucket that nobody has used: it is full. */
  readonly known: BucketLevel | undefined;
  readonly now: number;
  readonly cost: number;
}

/** Takes tokens if there are as many. A clock that went back adds nothing. */
export function takeTokens(
  bucket: Bucket,
  { known, now, cost }: Taking,
): { level: BucketLevel; answer: LimiterAnswer } {
  const { rate, max, intervalMs } = bucket;
  const elapsed = Math.max(0, now - (known?.at ?? now));
  const tokens = Math.min(max, (known?.tokens ?? max) + (elapsed * rate) / intervalMs);
  if (tokens >= cost) return { level: { tokens: tokens - cost, at: now }, answer: { allowed: true, retryAfterMs: 0 } };
  const missing = cost > max || rate <= 0 ? Number.POSITIVE_INFINITY : cost - tokens;
  return {
    level: { tokens, at: now },
    answer: { allowed: false, retryAfterMs: Math.ceil((missing * intervalMs) / rate) },
  };
}
