import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** An empty file that is there while a process owns the folder, and stays when that process was killed. */
function markOf(directory: string): string {
  return join(directory, 'open');
}

export function markOpen(directory: string): void {
  closeSync(openSync(markOf(directory), 'w'));
}

export function markClosed(directory: string): void {
  rmSync(markOf(directory), { force: true });
}

/**
 * Whether the owner of a folder has not closed it: it runs, or was killed, or the folder is a copy that was made while it ran. What is
 * in the folder may then be less sound than it looks.
 */
export function isLeftOpen(directory: string): boolean {
  return existsSync(markOf(directory));
}
