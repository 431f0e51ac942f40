import type { Json } from '@backside/tree';
import type { NewJob } from '../queue.js';

/** A job as the embedded queue keeps it. Everything but `payload` changes from turn to turn. */
export interface JobRecord {
  /** The job as JSON text, so that what trees cannot hold (null, empty objects) comes back as it was. */
  readonly payload: string;
  readonly state: 'waiting' | 'running' | 'dead';
  /** Grows with every change: whoever expects a turn knows everything else about the record. */
  readonly turn: number;
  /** Deliveries begun. */
  readonly attempt: number;
  /** Of the latest failure; empty before the first. */
  readonly error: string;
  /** Key in the list that `state` says: of the due (`waiting`), of the dead; empty while it runs. */
  readonly place: string;
  /** Hash of the unique key; empty if it has none. */
  readonly unique: string;
}

/** The record that stands in the tree; null if there is none, or one that has ended. */
export function parseRecord(json: Json): JobRecord | null {
  if (typeof json !== 'object' || json === null || Array.isArray(json) || typeof json.payload !== 'string') return null;
  return json as unknown as JobRecord;
}

export function jobOf(record: JobRecord): NewJob {
  return JSON.parse(record.payload) as NewJob;
}
