import type { SnapshotState } from '../sync/view.js';

/** What a hook knows of a place. The same object is returned until something changes. */
export interface Reading<Value> {
  /** What is there; null if nothing is, and as long as nothing is known. */
  readonly value: Value | null;
  /** Whether nothing is known yet. */
  readonly loading: boolean;
  /** Whether the value comes from storage, holds writes that the server has not confirmed, or is the server's; null while loading. */
  readonly state: SnapshotState | null;
  /** Why the server refused the listen, or ended it. The value is null then. */
  readonly error: Error | null;
}

/** Nothing is known yet. */
export const LOADING: Reading<never> = Object.freeze({ value: null, loading: true, state: null, error: null });

/** Nothing is listened to. */
export const IDLE: Reading<never> = Object.freeze({ value: null, loading: false, state: null, error: null });
