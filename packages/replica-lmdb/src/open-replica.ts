import { type CheckpointOptions, closingOnError, type FailureHandler, ThreadedCheckpointer } from './checkpointer.js';
import { type Environment, openEnvironment } from './environment.js';
import { FollowedDisk } from './follower.js';
import { type LmdbReplica, SnapshotReplica } from './replica.js';

const DEFAULT_POLL_MS = 200;
const DEFAULT_MAX_TAIL_BYTES = 256 * 1024 * 1024;

export interface LmdbReplicaOptions {
  /** The folder of the LMDB environment. */
  readonly directory: string;
  /**
   * `owner` (default): this process moves commits to the disk; the folder is made if it is missing, and no other process may
   * own it. `follower`: another process of this machine does, and this one only reads what it left there, beneath its own tail.
   */
  readonly mode?: 'owner' | 'follower';
  /** When an owner checkpoints by itself. */
  readonly checkpoint?: CheckpointOptions;
  /** How often a follower looks for a newer checkpoint. Default 200 ms. */
  readonly pollMs?: number;
  /** Called when the disk refuses a checkpoint; the replica goes on answering from memory. */
  readonly onFailure?: FailureHandler;
  /** Bytes of commits in memory above which the replica says that it is overfull. Default 256 MiB. */
  readonly maxTailBytes?: number;
}

/**
 * Opens a replica at the revision that its folder holds, in some milliseconds whatever its size.
 *
 * Throws `internal` if a newer version of the program wrote the folder, naming both formats, and `unavailable` if it cannot be
 * opened or, for a follower, is not there.
 */
export function createLmdbReplica(options: LmdbReplicaOptions): LmdbReplica {
  const follower = options.mode === 'follower';
  const environment = openEnvironment(options.directory, follower ? 'reader' : 'owner');
  return closingOnError(environment, () =>
    follower ? openFollower(environment, options) : openOwner(environment, options),
  );
}

function openOwner(environment: Environment, options: LmdbReplicaOptions): LmdbReplica {
  const { directory, checkpoint, onFailure, maxTailBytes = DEFAULT_MAX_TAIL_BYTES } = options;
  let replica: SnapshotReplica | null = null;
  const disk = new ThreadedCheckpointer(environment, {
    directory,
    onProgress: () => replica?.advance(),
    ...(checkpoint && { checkpoint }),
    ...(onFailure && { onFailure }),
  });
  replica = new SnapshotReplica(environment, disk, maxTailBytes);
  return replica;
}

function openFollower(environment: Environment, options: LmdbReplicaOptions): LmdbReplica {
  const { pollMs = DEFAULT_POLL_MS, maxTailBytes = DEFAULT_MAX_TAIL_BYTES } = options;
  const disk = new FollowedDisk(environment);
  const replica = new SnapshotReplica(environment, disk, maxTailBytes);
  disk.watch(pollMs, () => replica.advance());
  return replica;
}
