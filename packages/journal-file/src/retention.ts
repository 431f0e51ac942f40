import type { Retention } from './options.js';

/** What retention needs to know of a segment. */
export interface SegmentFacts {
  readonly firstRevision: number;
  readonly createdMs: number;
  readonly bytes: number;
}

export interface TrimRequest {
  /** The last revision that nobody needs any more. */
  readonly revision: number;
  readonly now: number;
  readonly retention: Retention;
}

/** How many of `segments`, from the oldest on, may be removed; never the last one, which is being written. */
export function removableSegments(segments: readonly SegmentFacts[], request: TrimRequest): number {
  const { revision, now, retention } = request;
  let bytes = segments.at(-1)?.bytes ?? 0;
  let keepFrom = segments.length - 1;
  for (let index = segments.length - 2; index >= 0; index--) {
    const next = segments[index + 1]!;
    bytes += segments[index]!.bytes;
    const needed = next.firstRevision - 1 > revision;
    if (needed || isRetained(retention, now - next.createdMs, bytes)) keepFrom = index;
    else break;
  }
  return Math.max(0, keepFrom);
}

/** Whether a segment ended `ageMs` ago, which with all newer ones makes `bytes`, is to be kept without need. */
function isRetained(retention: Retention, ageMs: number, bytes: number): boolean {
  const { maxAgeMs, maxBytes } = retention;
  if (maxAgeMs === undefined && maxBytes === undefined) return false;
  return (maxAgeMs === undefined || ageMs < maxAgeMs) && (maxBytes === undefined || bytes <= maxBytes);
}
