import type { Message } from './schema.js';

export interface Entry {
  readonly id: string;
  readonly message: Message;
}

/**
 * What is known of a room, oldest first, once a window of the `limit` newest messages shows something else. What the window has
 * moved past stays, as long as nothing can be missing between the two.
 */
export function mergeWindow(known: readonly Entry[], window: readonly Entry[], limit: number): readonly Entry[] {
  const first = window[0];
  if (first === undefined || window.length < limit) return window;
  const older = known.filter((entry) => isBefore(entry, first));
  const adjoins = older.length < known.length;
  return adjoins ? [...older, ...window] : window;
}

function isBefore(one: Entry, other: Entry): boolean {
  const [time, otherTime] = [one.message.time, other.message.time];
  return time < otherTime || (time === otherTime && one.id < other.id);
}
