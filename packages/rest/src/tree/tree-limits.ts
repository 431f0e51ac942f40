/** Bounds of the tree over HTTP. Times are milliseconds, sizes bytes. */
export interface TreeLimits {
  /** The text of one write. */
  readonly maxBodyBytes: number;
  /** Text that a node may have of which an ETag is made: that needs the whole of it, at once. */
  readonly maxTaggedBytes: number;
  /** Event streams of this process. */
  readonly maxStreams: number;
  /** Event streams of this process to one address, or to one /64 network of IPv6. */
  readonly maxStreamsPerAddress: number;
  /** Waiting output of an event stream beyond which its events are summed up until the client has read. */
  readonly softQueueBytes: number;
  /** How long a client may read nothing while something waits for it. */
  readonly stallTimeoutMs: number;
  /** An event stream is never silent for longer. */
  readonly keepAliveMs: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_TREE_LIMITS: TreeLimits = {
  maxBodyBytes: 16 * MIB,
  maxTaggedBytes: 16 * MIB,
  maxStreams: 100_000,
  maxStreamsPerAddress: 50_000,
  softQueueBytes: 256 * 1024,
  stallTimeoutMs: 60_000,
  keepAliveMs: 30_000,
};
