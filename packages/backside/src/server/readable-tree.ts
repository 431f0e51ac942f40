import { BacksideError } from '@backside/protocol';
import { isLeftOpen, verifyLmdbReplica } from '@backside/replica-lmdb';
import type { StorageOptions } from './storage.js';

/** Opens the tree in a folder, after `assertReadable`, of which the log tells. */
export async function openOwnTree<Tree>(
  directory: string,
  open: () => Tree,
  { logger, ending }: Pick<StorageOptions, 'logger' | 'ending'>,
): Promise<Tree> {
  if (isLeftOpen(directory)) {
    logger.info({}, 'the tree on disk was not closed; it is read through before it is used');
    const begun = performance.now();
    const entries = await assertReadable(directory, ending);
    logger.info({ entries, tookMs: Math.round(performance.now() - begun) }, 'the tree on disk was read through');
  }
  return open();
}

/**
 * Reads a tree through that nobody has closed, because its process was killed, or still runs, or because it is a copy of a folder in
 * use: a page that cannot be read would end this process without a word. Returns the number of entries that were read. Throws `internal`
 * if it is damaged.
 */
export async function assertReadable(directory: string, ending?: AbortSignal): Promise<number> {
  if (!isLeftOpen(directory)) return 0;
  const report = await verifyLmdbReplica(directory, ending);
  if (report === null) return 0;
  if (report.problem === null) return report.entries;
  throw new BacksideError('internal', `the tree on disk in ${directory} is damaged: ${report.problem}`);
}
