import type { History } from './history.js';
import { Problems } from './problems.js';
import { checkRealTime } from './real-time.js';
import { type PlacedCommit, replay } from './replay.js';
import { checkViews } from './views.js';

export interface Verdict {
  /** Broken promises, each a sentence; none if the history keeps all of them. */
  readonly problems: readonly string[];
  readonly counts: Counts;
}

/** What the verdict rests on: a history in which little happened proves little. */
interface Counts {
  readonly commits: number;
  readonly acknowledged: number;
  readonly refused: number;
  /** Writes without an answer, and those of them that were made. */
  readonly unknown: number;
  readonly unknownMade: number;
  /** Writes that were sent more than once. */
  readonly resent: number;
  readonly events: number;
  /** Subscriptions that went on from a resume point, and those that had to begin anew. */
  readonly resumed: number;
  readonly restarted: number;
  readonly reads: number;
  readonly staleReads: number;
}

/**
 * Whether a recorded history keeps the promises: one total order per database; real-time order of acknowledged writes; commits seen
 * entirely or not at all; conditional writes linearizable; every listener's events a gap-free run of the one order; nothing acknowledged
 * lost, nothing refused there, nothing made twice. A function of the history alone.
 */
export function check(history: History): Verdict {
  const problems = new Problems();
  for (const reason of history.restless) problems.add(reason);
  const commits = replay(history, problems);
  checkViews(history, commits, problems);
  checkRealTime(history, commits, problems);
  return { problems: problems.list, counts: countsOf(history, commits) };
}

function countsOf({ writes, listens, reads }: History, commits: readonly PlacedCommit[]): Counts {
  const events = listens.flatMap((listen) => listen.events.slice(1));
  const unknown = writes.filter(({ answer }) => answer === null);
  const made = new Set(commits.map(({ write }) => write));
  return {
    commits: commits.length,
    acknowledged: writes.filter(({ answer }) => answer?.kind === 'acknowledged').length,
    refused: writes.filter(({ answer }) => answer?.kind === 'refused').length,
    unknown: unknown.length,
    unknownMade: unknown.filter((write) => made.has(write)).length,
    resent: writes.filter(({ nodes }) => nodes.length > 1).length,
    events: events.length,
    resumed: events.filter(({ resumed }) => resumed === true).length,
    restarted: events.filter(({ first, resumed }) => first && resumed !== true).length,
    reads: reads.length,
    staleReads: reads.filter(({ stale }) => stale).length,
  };
}
