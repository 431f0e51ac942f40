import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Commit } from '@backside/protocol';
import type { ReplicaFixture } from '@backside/store/conformance';
import type { Change } from '@backside/tree';
import type { CheckpointOptions } from './checkpointer.js';
import { createLmdbReplica } from './open-replica.js';

/** For tests: a folder that is there until `remove`. */
export function scratchFolder(): { readonly directory: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'backside-replica-'));
  return { directory, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** For tests: an empty replica in a scratch folder. */
export async function scratchReplica(checkpoint: CheckpointOptions): Promise<ReplicaFixture> {
  const { directory, remove } = scratchFolder();
  const open = (): ReturnType<typeof createLmdbReplica> => createLmdbReplica({ directory, checkpoint });
  let current = open();
  return {
    replica: current,
    async reopen() {
      await current.close();
      current = open();
      return current;
    },
    async dispose() {
      await current.close();
      remove();
    },
  };
}

/** For tests: the commit number `revision`. */
export function commitOf(revision: number, changes: readonly Change[]): Commit {
  return new Commit({ revision, time: 1_700_000_000_000, author: null, origin: 'node-1', changes });
}
