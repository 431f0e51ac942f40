import { BacksideError } from '@backside/protocol';

/** Throws a failed call of the file system as the port wants it. */
export function diskError(error: unknown): never {
  if (error instanceof BacksideError) throw error;
  const isFull = ['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE'].includes(codeOf(error) ?? '');
  const message = isFull ? 'the server has no room for files left' : 'the files of the server cannot be used';
  throw new BacksideError(isFull ? 'unavailable' : 'internal', message, { cause: error });
}

/** The code of an error of the file system, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
