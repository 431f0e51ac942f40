import { BacksideError } from '@backside/protocol';
import type { Journal, Replica } from '@backside/store';

/** A tree on disk that follows a journal. */
type Copy = Pick<Replica, 'epoch' | 'revision' | 'reset' | 'restore'>;

/** The journal may drop what follows a checkpoint while that is read; then the next one is tried. */
const MAX_RESTORES = 3;

/**
 * Brings a tree to a state that the journal's commits continue: as it is, from the journal's checkpoint, or empty. Throws `internal`
 * if neither is possible.
 */
export async function startCopy(journal: Journal, copy: Copy): Promise<void> {
  for (let restores = 0; restores < MAX_RESTORES && !(await continues(journal, copy)); restores += 1) {
    const checkpoint = await journal.checkpoint?.();
    if (checkpoint) await copy.restore(journal.epoch, checkpoint.revision, checkpoint.entries);
    else if ((await journal.head()) === 0 || (await journal.first()) === 1) await copy.reset(journal.epoch);
  }
  if (await continues(journal, copy)) return;
  throw new BacksideError(
    'internal',
    'the tree on disk does not belong to the journal, which has no checkpoint for it',
  );
}

async function continues(journal: Journal, copy: Copy): Promise<boolean> {
  if (copy.epoch !== journal.epoch || copy.revision > (await journal.head())) return false;
  return copy.revision + 1 >= (await journal.first());
}
