import type { Logger } from '@backside/protocol';
import type { WorkerHandle } from './worker-handle.js';

export interface RollingRestartOptions {
  readonly workers: () => Iterable<WorkerHandle>;
  /** Starts the worker that takes the place of another. */
  readonly replace: (worker: WorkerHandle) => WorkerHandle;
  /** Whether the whole server ends: then no further worker is replaced. */
  readonly stopping: () => boolean;
  /** How long a worker may take to drain before it is killed, in milliseconds. */
  readonly drainMs: number;
  readonly logger: Logger;
}

/**
 * Replaces every worker there is now, one at a time: the next is begun when the new one serves and the old one has ended, so there are never
 * fewer than before. If a new one cannot start, those that are left stay as they are. Resolves with whether all were replaced.
 */
export async function restartWorkers(options: RollingRestartOptions): Promise<boolean> {
  const { workers, logger } = options;
  const old = [...workers()].filter(({ isRetiring }) => !isRetiring);
  logger.info({ workers: old.length }, 'the workers are replaced one after the other');
  for (const worker of old) {
    if (options.stopping() || !(await isReplaced(worker, options))) return false;
  }
  logger.info({ workers: old.length }, 'all workers have been replaced');
  return true;
}

/** Whether a new worker serves in its place, and it has ended. */
async function isReplaced(worker: WorkerHandle, options: RollingRestartOptions): Promise<boolean> {
  const { replace, stopping, drainMs, logger } = options;
  try {
    await replace(worker).ready;
  } catch (error) {
    if (!stopping()) logger.error({ err: error }, 'a new worker could not start; the others are not replaced');
    return false;
  }
  worker.retire();
  const late = setTimeout(() => worker.kill('did not drain in time'), drainMs);
  await worker.ended;
  clearTimeout(late);
  return true;
}
