import type { Notifier } from '@backside/notifier';
import { Commit } from '@backside/protocol';

/** A node asks the others to let it append next. */
export interface TurnRequest {
  readonly node: string;
  /** How long it has been refused, in milliseconds: who waits longest goes first. */
  readonly waitedMs: number;
  /** For how long the others should hold back if nothing comes from it, in milliseconds. */
  readonly forMs: number;
  /** What it has written already, or is writing, ends at this revision. */
  readonly after: number;
}

/** What nodes tell each other about turns: that one wants one, or that its own is over. */
export type TurnNews = TurnRequest | { readonly node: string; readonly over: true };

const WAITED = 'waited-ms';
const FOR = 'for-ms';
const AFTER = 'after';
const OVER = 'turn-over';

/** The name under which the nodes of a database tell each other about turns. No database has it: names hold no two dots in a row. */
export function turnTopic(database: string): string {
  return `${database}..turns`;
}

/**
 * Tells the other nodes. It travels as a commit that changes nothing and is in no journal, so every notifier can carry it; like any
 * notice it may be lost.
 */
export function publishTurnNews(notifier: Notifier, database: string, news: TurnNews): void {
  const headers: [string, string][] =
    'over' in news
      ? [[OVER, 'true']]
      : [
          [WAITED, String(Math.ceil(news.waitedMs))],
          [FOR, String(Math.ceil(news.forMs))],
          [AFTER, String(news.after)],
        ];
  const commit = new Commit({ revision: 1, time: 0, author: null, origin: news.node, changes: [], headers });
  notifier.publish(turnTopic(database), [commit]);
}

/** The news that such a commit carries; null if it carries none. */
export function turnNewsOf({ origin: node, headers = [] }: Commit): TurnNews | null {
  const header = (name: string): string | undefined => headers.find(([known]) => known === name)?.[1];
  if (header(OVER) === 'true') return { node, over: true };
  // Nodes of a version that does not tell the last of these are asking from the beginning.
  const [waitedMs, forMs, after] = [Number(header(WAITED)), Number(header(FOR)), Number(header(AFTER) ?? 0)];
  return waitedMs >= 0 && forMs >= 0 && after >= 0 ? { node, waitedMs, forMs, after } : null;
}
