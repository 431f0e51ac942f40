import { join } from 'node:path';
import { createFileJournal } from '@backside/journal-file';

/** A hold on the copies in a data folder. */
export interface ReplicaOwner {
  close(): Promise<void>;
}

/**
 * Makes this process the only one that writes the copies of a shared store in a data folder; embedded stores have the locks of their
 * journals for that. The lock is that of a journal which stays empty, so it is free again once its holder is dead. Throws `unavailable`
 * saying which process has it.
 */
export async function ownReplicas(data: string): Promise<ReplicaOwner> {
  return createFileJournal({
    directory: join(data, 'owner'),
    now: Date.now,
    segmentBytes: 4096,
    retention: { maxAgeMs: 0 },
  });
}
