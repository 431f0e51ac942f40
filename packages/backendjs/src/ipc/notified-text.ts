import type { Notifier } from '@backside/notifier';
import { Commit } from '@backside/protocol';

const BODY = 'ipc';

/** The name under which a channel is told to other processes. No database has it: names hold no two dots in a row. */
export function channelTopic(channel: string): string {
  return `ipc..${channel}`;
}

/** Tells a text to all others that listen there. It travels as a commit that changes nothing and is in no journal; it may be lost. */
export function publishText(notifier: Notifier, place: { channel: string; origin: string }, text: string): void {
  const { channel, origin } = place;
  const headers = [[BODY, text]] as const;
  notifier.publish(channelTopic(channel), [
    new Commit({ revision: 1, time: 0, author: null, origin, changes: [], headers }),
  ]);
}

/** The text that such a commit carries; null if it is not one. */
export function textOf({ headers = [] }: Commit): string | null {
  return headers.find(([name]) => name === BODY)?.[1] ?? null;
}
