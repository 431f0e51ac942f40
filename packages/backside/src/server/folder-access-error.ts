const ELSEWHERE = 'choose another folder (--data)';
const RIGHTS = `let the user of this process${userId()} read and write it, or ${ELSEWHERE}`;
const ROOM = `make room on its disk, or ${ELSEWHERE}`;

/** What can be done about it, by what the file system says. */
const ADVICE: Readonly<Record<string, string>> = {
  EACCES: RIGHTS,
  EPERM: RIGHTS,
  EEXIST: `there is a file in its place; ${ELSEWHERE}`,
  ENOSPC: ROOM,
  EDQUOT: ROOM,
};

/** A data folder that the file system does not let this process use; what is in it may be as sound as ever. */
export class FolderAccessError extends Error {
  constructor(data: string, cause: NodeJS.ErrnoException) {
    const advice = ADVICE[cause.code ?? ''] ?? ELSEWHERE;
    super(`the data folder ${data} cannot be used: ${cause.message}; ${advice}`, { cause });
    this.name = 'FolderAccessError';
  }
}

/** Whether an error is one of the operating system, such as `EACCES`. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'errno' in error && 'syscall' in error;
}

function userId(): string {
  const id = process.getuid?.();
  return id === undefined ? '' : ` (its id is ${id})`;
}
