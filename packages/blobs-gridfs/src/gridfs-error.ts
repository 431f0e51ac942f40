import { BacksideError } from '@backside/protocol';
import { MongoNetworkError, MongoServerSelectionError, MongoTopologyClosedError } from 'mongodb';

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
