import { createHash } from 'node:crypto';

/** Begins the idempotency keys of functions' writes. */
const PREFIX = 'function/';
/** Of a hash in base64url: 132 bits. */
const HASH_LENGTH = 22;

/** A write of a function, told from every other one; whoever has it can also tell the writes of an event from those of others. */
export interface WriteName {
  /** Made of the id of the event. */
  readonly event: string;
  /** Made of the key of the write. */
  readonly write: string;
}

export function writeNameOf(eventId: string, key: string): WriteName {
  return { event: eventNameOf(eventId), write: hashOf(key) };
}

/** The part of the names of an event's writes that they have in common. */
export function eventNameOf(eventId: string): string {
  return hashOf(eventId);
}

/** The idempotency key that a write is made with. */
export function formatWriteName({ event, write }: WriteName): string {
  return `${PREFIX}${event}/${write}`;
}

/** Null for an idempotency key that is not of a function. */
export function parseWriteName(idempotencyKey: string): WriteName | null {
  if (!idempotencyKey.startsWith(PREFIX)) return null;
  const [event, write, ...rest] = idempotencyKey.slice(PREFIX.length).split('/');
  return event !== undefined && write !== undefined && rest.length === 0 ? { event, write } : null;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, HASH_LENGTH);
}
