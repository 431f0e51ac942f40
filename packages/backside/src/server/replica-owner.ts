import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { lockDirectory } from '@backside/journal-file';

/** A hold on the copies in a data folder. */
export interface ReplicaOwner {
  close(): Promise<void>;
}

/**
 * Makes this process the only one that writes the copies of a shared store in a data folder; embedded stores have the locks of their
 * journals for that. The hold is free again once its holder is dead. Throws `unavailable` saying which process has it.
 */
export async function ownReplicas(data: string): Promise<ReplicaOwner> {
  const directory = join(data, 'owner');
  await mkdir(directory, { recursive: true });
  const lock = await lockDirectory(directory);
  return { close: () => lock.release() };
}
