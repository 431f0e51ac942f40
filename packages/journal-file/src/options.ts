/** Where notes about the disk go: only what an operator should know. */
export interface JournalLogger {
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** What `trim` leaves although it might drop it. Whole segments are kept or dropped. With neither set, all that may go goes. */
export interface Retention {
  /** Keep segments that got their last commit less than this many milliseconds ago … */
  readonly maxAgeMs?: number;
  /** … but no more than fit, newest first, into this many bytes, the segment being written included. */
  readonly maxBytes?: number;
}

export interface FileJournalOptions {
  /** Made if it is not there. One process owns it while the journal is open. */
  readonly directory: string;
  /** A new segment is begun once the last one has reached this size; 64 MiB by default. */
  readonly segmentBytes?: number;
  readonly retention?: Retention;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Resolves after some milliseconds; by default a timer that does not keep the process alive. */
  readonly sleep?: (ms: number) => Promise<void>;
  readonly logger?: JournalLogger;
  /** The identity of the history if the directory is empty; a random one by default. An existing journal keeps its own. */
  readonly epoch?: string;
}

export const DEFAULT_SEGMENT_BYTES: number = 64 * 1024 * 1024;
