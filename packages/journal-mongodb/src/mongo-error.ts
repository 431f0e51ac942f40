import { BacksideError } from '@backside/protocol';
import { MongoError, MongoServerError } from 'mongodb';

const DUPLICATE_KEY = 11000;

/** Whether a document with that `_id` was there already. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/** Runs an upsert. Of two at the same time each may find nothing and insert; whose place is taken asks again, and finds it. */
export async function upsert<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    return ask();
  }
}

/** What the library throws as an error of ours: `unavailable`, since whatever was asked may be asked again. Others stay as they are. */
export function asUnavailable(error: unknown): unknown {
  if (!(error instanceof MongoError)) return error;
  return new BacksideError('unavailable', 'the MongoDB server cannot be used', { cause: error });
}

/** Runs a request; the library's errors become `unavailable`. */
export async function request<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw asUnavailable(error);
  }
}
