import { BacksideError, type Commit, toBacksideError } from '@backside/protocol';
import type { IndexDefinition } from '@backside/store';
import type { Change } from '@backside/tree';
import { MAX_PACKED_CHARACTERS } from './draft-writer.js';
import { type Environment, openEnvironment, readMeta } from './environment.js';
import { hasGarbage } from './garbage.js';
import type { Progress } from './messages.js';
import { writeLoads } from './restore-load.js';
import { hasHiddenTree } from './restored-tree.js';
import { WorkerLink } from './worker-link.js';

/** When commits are moved to the disk without being asked. A checkpoint begins when the first of these is reached. */
export interface CheckpointOptions {
  /** Bytes of commits that wait, in their encoded form. Default 8 MiB. */
  readonly maxBytes?: number;
  /** Changes that wait. Default 50,000. */
  readonly maxChanges?: number;
  /** Milliseconds since the first commit that waits. Default 1,000. */
  readonly maxDelayMs?: number;
  /** Maps whose JSON text is longer than this many characters have a record per child. Default 1,536. */
  readonly maxPackedCharacters?: number;
}

/**
 * Told when writing failed. Commits stay queued and are tried again, unless it is `fatal`: then the thread that writes has ended,
 * perhaps in the middle of a transaction, and this process can move nothing more to the disk. It still answers, but its memory grows; it should
 * end and be started again. Nothing is lost by that: the journal has all that the disk has not.
 */
export type FailureHandler = (error: BacksideError, fatal: boolean) => void;

export interface LmdbCheckpointerOptions {
  /** The folder of the LMDB environment; made if it is missing. Only one checkpointer may be open on it. */
  readonly directory: string;
  readonly checkpoint?: CheckpointOptions;
  /** Called when the disk holds a newer state, or when pages of older states were freed. */
  readonly onProgress?: () => void;
  readonly onFailure?: FailureHandler;
}

/** Moves commits into an LMDB environment, in large batches, on a thread of its own. */
export interface LmdbCheckpointer {
  /** The history that the disk holds; null while it is empty and new. */
  readonly epoch: string | null;
  /** The revision that is safely on disk. */
  readonly revision: number;
  /** Bytes of commits that wait for a checkpoint, in their encoded form. */
  readonly queuedBytes: number;
  /** Takes commits, which must continue the last ones; returns at once. Throws `internal` on a gap. */
  enqueue(commits: readonly Commit[]): void;
  /** Brings the disk to the last enqueued commit. Rejects with `unavailable` if the disk refuses; nothing is lost then. */
  checkpoint(): Promise<number>;
  /** Replaces the set of indexes; resolves when all are complete. */
  setIndexes(definitions: readonly IndexDefinition[]): Promise<void>;
  /** Empties the environment and starts it at revision 0 of the history `epoch`. What is queued is dropped. */
  reset(epoch: string): Promise<void>;
  /**
   * Replaces what the disk holds by the tree of `entries`, as `Replica.restore` does; the disk is empty and of no history until it
   * resolves. Holds some loads of entries in memory, whatever the size of the tree.
   */
  restore(epoch: string, revision: number, entries: AsyncIterable<readonly Change[]>): Promise<void>;
  /** Checkpoints if the disk allows it, and ends the thread. */
  close(): Promise<void>;
}

const DEFAULTS: Required<CheckpointOptions> = {
  maxBytes: 8 * 1024 * 1024,
  maxChanges: 50_000,
  maxDelayMs: 1_000,
  maxPackedCharacters: MAX_PACKED_CHARACTERS,
};

/** After a failed checkpoint the next one is not tried sooner than this. */
const RETRY_DELAY_MS = 5_000;

/** Opens a checkpointer. Throws `internal` if a newer program wrote the environment, `unavailable` if it cannot be opened. */
export function createLmdbCheckpointer(options: LmdbCheckpointerOptions): LmdbCheckpointer {
  const environment = openEnvironment(options.directory, 'owner');
  return closingOnError(environment, () => new StandaloneCheckpointer(environment, options));
}

/** Runs the rest of an opening; if it throws, what is open already is closed. */
export function closingOnError<Opened>(environment: Environment, open: () => Opened): Opened {
  try {
    return open();
  } catch (error) {
    void environment.root.close();
    throw error;
  }
}

interface Load {
  bytes: number;
  changes: number;
}

/** Writes an environment that is opened and closed elsewhere. */
export class ThreadedCheckpointer implements LmdbCheckpointer {
  protected readonly environment: Environment;
  readonly #options: LmdbCheckpointerOptions;
  readonly #policy: Required<CheckpointOptions>;
  #link: WorkerLink | null = null;
  #progress: Progress;
  /** The revision of the last commit that was taken. */
  #last: number;
  #queued: Load = { bytes: 0, changes: 0 };
  #running: Promise<number> | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** Whether the last checkpoint failed: then the next waits, however much is queued. */
  #failed: 'last time' | 'for good' | null = null;
  #closed = false;

  constructor(environment: Environment, options: LmdbCheckpointerOptions) {
    this.environment = environment;
    this.#options = options;
    this.#policy = { ...DEFAULTS, ...options.checkpoint };
    const { epoch, revision, indexes } = readMeta(environment);
    this.#progress = { epoch, revision };
    this.#last = revision;
    const hasWork = hasGarbage(environment) || hasHiddenTree(environment);
    if (hasWork || indexes.some(({ complete }) => !complete)) this.#worker();
  }

  get epoch(): string | null {
    return this.#progress.epoch;
  }

  get revision(): number {
    return this.#progress.revision;
  }

  get queuedBytes(): number {
    return this.#queued.bytes;
  }

  enqueue(commits: readonly Commit[]): void {
    assertContinues(this.#last, commits);
    const last = commits.at(-1);
    if (!last) return;
    this.#last = last.revision;
    for (const commit of commits) {
      this.#queued.bytes += commit.encoded().length;
      this.#queued.changes += commit.changes.length;
    }
    this.#worker().send(commits);
    this.#schedule();
  }

  async checkpoint(): Promise<number> {
    while (this.#progress.revision < this.#last) {
      const wanted = this.#last;
      const reached = await this.#start();
      if (reached >= wanted) return reached;
    }
    return this.#progress.revision;
  }

  async setIndexes(definitions: readonly IndexDefinition[]): Promise<void> {
    await this.#worker().perform({ kind: 'indexes', definitions });
  }

  async reset(epoch: string): Promise<void> {
    await this.#worker().perform({ kind: 'reset', epoch });
    this.#startAt(0);
  }

  async restore(epoch: string, revision: number, entries: AsyncIterable<readonly Change[]>): Promise<void> {
    await this.beginRestore();
    await this.endRestore(epoch, revision, entries);
  }

  async beginRestore(): Promise<void> {
    await this.#worker().perform({ kind: 'restore-begin' });
    this.#startAt(0);
  }

  async endRestore(epoch: string, revision: number, entries: AsyncIterable<readonly Change[]>): Promise<void> {
    await writeLoads(entries, (load) => this.#worker().perform({ kind: 'restore', entries: load }));
    await this.#worker().perform({ kind: 'restore-end', epoch, revision });
    this.#startAt(revision);
  }

  /** The disk begins anew at a revision; what was queued is void. */
  #startAt(revision: number): void {
    this.#last = revision;
    this.#queued = { bytes: 0, changes: 0 };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelTimer();
    if (this.#link) await this.#end(this.#link);
  }

  async #end(link: WorkerLink): Promise<void> {
    try {
      await this.checkpoint();
      await link.perform({ kind: 'close' });
    } catch (error) {
      this.#tell(error);
    }
    await link.terminate();
  }

  /** One checkpoint of all that is queued now. Whatever comes of it, the next is seen to. */
  async #run(): Promise<number> {
    this.#cancelTimer();
    const load = { ...this.#queued };
    const done = this.#worker().perform({ kind: 'checkpoint' });
    try {
      const { revision } = await done;
      this.#failed = null;
      this.#queued.bytes -= load.bytes;
      this.#queued.changes -= load.changes;
      return revision;
    } catch (error) {
      this.#failed ??= 'last time';
      throw error;
    } finally {
      this.#running = null;
      this.#schedule();
    }
  }

  #start(): Promise<number> {
    this.#running ??= this.#run();
    return this.#running;
  }

  /** Has the next checkpoint begin by itself: now if much is queued, else after a while; later if the last one failed. */
  #schedule(): void {
    if (this.#running || this.#closed || this.#queued.changes === 0 || this.#failed === 'for good') return;
    const { maxBytes, maxChanges, maxDelayMs } = this.#policy;
    const isFull = this.#queued.bytes >= maxBytes || this.#queued.changes >= maxChanges;
    if (this.#failed) this.#startAfter(RETRY_DELAY_MS);
    else if (isFull) this.#startInBackground();
    else this.#startAfter(maxDelayMs);
  }

  #startInBackground(): void {
    this.#start().catch((error: unknown) => this.#tell(error));
  }

  #startAfter(delayMs: number): void {
    if (this.#timer) return;
    this.#timer = setTimeout(() => this.#startInBackground(), delayMs);
    this.#timer.unref();
  }

  #tell(error: unknown): void {
    this.#options.onFailure?.(toBacksideError(error), false);
  }

  #cancelTimer(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #worker(): WorkerLink {
    this.#link ??= new WorkerLink(
      { directory: this.environment.directory, maxPackedCharacters: this.#policy.maxPackedCharacters },
      {
        progressed: (progress) => {
          this.#progress = progress;
          this.#options.onProgress?.();
        },
        worked: () => this.#options.onProgress?.(),
        trouble: (error, fatal) => {
          if (fatal) this.#failed = 'for good';
          this.#options.onFailure?.(error, fatal);
        },
      },
    );
    return this.#link;
  }
}

class StandaloneCheckpointer extends ThreadedCheckpointer {
  override async close(): Promise<void> {
    await super.close();
    await this.environment.root.close();
  }
}

/** Throws `internal` unless the first of `commits` is `revision` + 1 and each of the others follows the one before. */
export function assertContinues(revision: number, commits: readonly Commit[]): void {
  let last = revision;
  for (const commit of commits) {
    if (commit.revision !== last + 1) {
      throw new BacksideError('internal', `commit ${commit.revision} cannot follow revision ${last}`);
    }
    last = commit.revision;
  }
}
