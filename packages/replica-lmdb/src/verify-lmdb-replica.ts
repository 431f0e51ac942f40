import { inspectDataFile } from './data-file.js';
import { type ReadThrough, readThrough } from './read-through.js';

/**
 * Reads a whole replica, also while its owner runs, at some hundred megabytes a second; null if there is none. Damage is told, and
 * never ends this process. Throws `unavailable` if the folder cannot be opened.
 */
export async function verifyLmdbReplica(directory: string): Promise<ReadThrough | null> {
  const state = inspectDataFile(directory);
  if (state.kind === 'none') return null;
  if (state.kind === 'damaged') return { entries: 0, problem: state.problem };
  const report = await readThrough(directory);
  if (report.problem === null || state.kind !== 'short') return report;
  return { ...report, problem: `${state.problem}; ${report.problem}` };
}
