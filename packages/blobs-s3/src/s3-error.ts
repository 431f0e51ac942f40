import { S3ServiceException } from '@aws-sdk/client-s3';
import { BacksideError } from '@backside/protocol';

/** Throws a failed request as the port wants it. */
export function s3Error(error: unknown): never {
  if (error instanceof BacksideError) throw error;
  const status = statusOf(error);
  if (status === 416) throw new BacksideError('invalid-query', 'the range is not within the blob', { cause: error });
  const isOver = status === undefined || status >= 500 || status === 429;
  const message = isOver ? 'the blob store cannot be reached' : 'the blob store refuses';
  throw new BacksideError(isOver ? 'unavailable' : 'internal', message, { cause: error });
}

export function isMissing(error: unknown): boolean {
  return statusOf(error) === 404;
}

/** Whether the server does not know the request: those that speak like S3 do not know all of it. */
export function isUnknown(error: unknown): boolean {
  return [400, 404, 405, 501].includes(statusOf(error) ?? 0);
}

/** Undefined if no answer has come. */
function statusOf(error: unknown): number | undefined {
  return error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
}
