import type { WriteStep } from '@backside/api';
import type { Json, Path } from '@backside/tree';
import { encodeKey } from '../rows/encode-key.js';

/** What an account is told about: somebody else's write that concerns it. */
export interface LegacyEvent {
  /** Of the request that caused it, as `/message/add`. */
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly mtime: number;
  /** Of the account that caused it. */
  readonly name?: string;
  /** Of a connection, or the counters that were changed. */
  readonly type?: string;
  /** The beginning of a message. */
  readonly msg?: string;
}

/** How much of a message its event carries, in characters. */
const MAX_EVENT_MESSAGE = 128;

/** Where the last event for an account stands. */
export function eventPath(accountId: string): Path {
  return ['events', encodeKey(accountId)];
}

/**
 * The steps that tell `recipientId` of a write, to be part of that write's own commit: whoever listens to `eventPath` gets each event
 * once and in order, on every node, and none of a write that was refused. Only the last event is kept. Two events for one recipient
 * in one commit are the last of them, and events that are equal to the millisecond are one.
 */
export function eventSteps(recipientId: string, event: LegacyEvent): WriteStep[] {
  return [{ method: 'set', path: eventPath(recipientId), value: storedEvent(event) }];
}

/** The event that stands in the tree; null for what is none. */
export function readEvent(stored: Json): LegacyEvent | null {
  if (stored === null || typeof stored !== 'object' || Array.isArray(stored)) return null;
  const { path, mtime, name, type, msg } = stored;
  if (typeof path !== 'string' || typeof mtime !== 'number') return null;
  return {
    path,
    mtime,
    ...(typeof name === 'string' && { name }),
    ...(typeof type === 'string' && { type }),
    ...(typeof msg === 'string' && { msg }),
  };
}

function storedEvent({ path, mtime, name, type, msg }: LegacyEvent): Json {
  return {
    path,
    mtime,
    ...(name !== undefined && { name }),
    ...(type !== undefined && { type }),
    ...(msg !== undefined && { msg: beginningOf(msg) }),
  };
}

/** Never cut within a character. */
function beginningOf(text: string): string {
  return text.length <= MAX_EVENT_MESSAGE ? text : text.slice(0, MAX_EVENT_MESSAGE).replace(/[\uD800-\uDBFF]$/, '');
}
