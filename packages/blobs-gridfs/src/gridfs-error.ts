import { BacksideError } from '@backside/protocol';
import { MongoNetworkError, MongoServerError, MongoServerSelectionError, MongoTopologyClosedError } from 'mongodb';

const DUPLICATE_KEY = 11000;

/** Whether a document with that `_id` was there already. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/** Throws a failed operation as the port wants it. */
export function gridFsError(error: unknown): never {
  if (error instanceof BacksideError) throw error;
  const isAway =
    error instanceof MongoNetworkError ||
    error instanceof MongoServerSelectionError ||
    error instanceof MongoTopologyClosedError;
  const message = isAway ? 'the blob store cannot be reached' : 'the blob store fails';
  throw new BacksideError(isAway ? 'unavailable' : 'internal', message, { cause: error });
}
