import type { Notifier } from '@backside/notifier';
import { Commit } from '@backside/protocol';

/** A node asks the others to let it append next. */
export interface TurnRequest {
  readonly node: string;
  /** How long it has been refused, in milliseconds: who waits longest goes first. */
  readonly waitedMs: number;
  /** For how long the others should hold back if nothing comes from it, in milliseconds. */
  readonly forMs: number;
}

const WAITED = 'waited-ms';
const FOR = 'for-ms';

/** The name under which the nodes of a database tell each other about turns. No database has it: names hold no two dots in a row. */
export function turnTopic(database: string): string {
  return `${database}..turns`;
}

/**
 * Tells the other nodes. It travels as a commit that changes nothing and is in no journal, so every notifier can carry it; like any
 * notice it may be lost.
 */
export function publishTurnRequest(notifier: Notifier, database: string, request: TurnRequest): void {
  const headers = [
    [WAITED, String(Math.ceil(request.waitedMs))],
    [FOR, String(Math.ceil(request.forMs))],
  ] as const;
  const { node: origin } = request;
  notifier.publish(turnTopic(database), [
    new Commit({ revision: 1, time: 0, author: null, origin, changes: [], headers }),
  ]);
}

/** The request that such a commit carries; null if it is not one. */
export function turnRequestOf({ origin, headers = [] }: Commit): TurnRequest | null {
  const numberOf = (name: string): number => Number(headers.find(([known]) => known === name)?.[1] ?? Number.NaN);
  const [waitedMs, forMs] = [numberOf(WAITED), numberOf(FOR)];
  return waitedMs >= 0 && forMs >= 0 ? { node: origin, waitedMs, forMs } : null;
}
