import type { PrivateValue } from '@backside/auth';
import type { Json } from '@backside/tree';
import type { ScheduleEvent, UserEvent, WriteEvent } from './define.js';
import { PLACES } from './places.js';

type WithoutAttempt<Event> = Omit<Event, 'attempt'>;

/** An event as it waits to be run. */
export interface StoredEvent {
  readonly event: WithoutAttempt<WriteEvent> | WithoutAttempt<UserEvent> | WithoutAttempt<ScheduleEvent>;
  /** The revision of the main database when it was recorded: what the function writes for it comes later. */
  readonly head: number;
}

/** Where an event comes from; also orders the events of one function. */
export type EntrySource = 'r' | 'u' | 's';

/** The key of an entry: its source, and a place that grows. */
export function entryKey(source: EntrySource, place: number, index = 0): string {
  return `${source}${String(place).padStart(16, '0')}-${String(index).padStart(6, '0')}`;
}

/** Names an event everywhere and for ever: histories have different epochs. */
export function eventId(epoch: string, name: string, key: string): string {
  return `${epoch}/${name}/${key}`;
}

export function pendingEntry(name: string, key: string, stored: StoredEvent): PrivateValue {
  return { path: PLACES.entry(name, key), value: JSON.stringify(stored) };
}

/** The failed tries of an event that is tried again, as they are stored. */
export interface StoredTries {
  readonly attempts: number;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  /** What the last one failed with. */
  readonly reason: string;
}

/** An event that was given up, as it is kept. */
export interface StoredDeadLetter extends StoredEvent {
  readonly reason: string;
  /** 0 if it never ran, for its values were too large to be kept. */
  readonly attempts: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
}

export function deadEntry(name: string, key: string, dead: StoredDeadLetter): PrivateValue {
  return { path: PLACES.deadEntry(name, key), value: JSON.stringify(dead) };
}

/** The stored form of JSON that was written by the functions above. */
export function asStored<T extends object>(json: Json): T | null {
  return json as unknown as T | null;
}
