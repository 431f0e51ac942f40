import { BacksideError, type Commit } from '@backside/protocol';
import type { Change } from '@backside/tree';
import type { Append, AppendOutcome, Checkpoint, Journal, JournalSupports } from './journal.js';
import { SnapshotTree } from './snapshot-tree.js';
import { treeEntries } from './tree-entries.js';

export interface MemoryJournalOptions {
  /** The identity of the history; a random one by default. */
  readonly epoch?: string;
  /** How many commits `trim` leaves although it might drop them; 0 by default. */
  readonly keepCommits?: number;
  /** Whether it has a checkpoint, always of its head, as journals have that nodes share. False by default. */
  readonly keepsTree?: boolean;
}

/** Commits given out at once by `commits`. */
const BATCH_COMMITS = 256;

/** A journal that lives as long as its process: for tests, and for databases that nobody will miss. */
export function createMemoryJournal(options: MemoryJournalOptions = {}): Journal {
  return options.keepsTree ? new CheckpointedMemoryJournal(options) : new MemoryJournal(options);
}

class MemoryJournal implements Journal {
  readonly supports: JournalSupports = { durability: 'none', sharedBetweenNodes: false };
  readonly epoch: string;
  readonly #keepCommits: number;
  /** The commits `#first` … head; replaced, never changed, when some are dropped, so that readers keep theirs. */
  #kept: Commit[] = [];
  #first = 1;
  /** Whether an append has met a conflict in this turn. */
  #refusing = false;
  #closed = false;

  constructor(options: MemoryJournalOptions) {
    this.epoch = options.epoch ?? crypto.randomUUID();
    this.#keepCommits = options.keepCommits ?? 0;
  }

  async head(): Promise<number> {
    return this.#head;
  }

  async first(): Promise<number> {
    return this.#first;
  }

  append(base: number, commits: readonly Commit[]): Append {
    const outcome = this.#append(base, commits);
    return { accepted: outcome, durable: outcome };
  }

  commits(after: number): AsyncIterable<readonly Commit[]> {
    return this.#read(after, this.#head);
  }

  async trim(revision: number): Promise<void> {
    const last = Math.min(revision, this.#head - this.#keepCommits);
    if (last < this.#first) return;
    this.#kept = this.#kept.slice(last + 1 - this.#first);
    this.#first = last + 1;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  protected keep(commit: Commit): void {
    this.#kept.push(commit);
  }

  get #head(): number {
    return this.#first + this.#kept.length - 1;
  }

  #append(base: number, commits: readonly Commit[]): Promise<AppendOutcome> {
    if (this.#closed) return rejected(new BacksideError('unavailable', 'the journal is closed'));
    if (base !== this.#head || this.#refusing) return this.#conflict();
    const problem = revisionProblem(base, commits);
    if (problem !== null) return rejected(new BacksideError('internal', problem));
    for (const commit of commits) this.keep(commit);
    return Promise.resolve({ status: 'appended', head: this.#head });
  }

  /** Also refuses what is appended in the same turn: it was built on this append, since nobody can know of its end yet. */
  #conflict(): Promise<AppendOutcome> {
    this.#refusing = true;
    queueMicrotask(() => {
      this.#refusing = false;
    });
    return Promise.resolve({ status: 'revision-conflict', head: this.#head });
  }

  async *#read(after: number, head: number): AsyncGenerator<readonly Commit[]> {
    for (let next = after + 1; next <= head; next += BATCH_COMMITS) {
      if (next < this.#first) throw new BacksideError('not-found', `commit ${next} is no longer kept`);
      const start = next - this.#first;
      yield this.#kept.slice(start, Math.min(start + BATCH_COMMITS, head + 1 - this.#first));
    }
  }
}

class CheckpointedMemoryJournal extends MemoryJournal {
  readonly #tree: SnapshotTree = new SnapshotTree();

  async checkpoint(): Promise<Checkpoint | null> {
    const revision = await this.head();
    if (revision === 0) return null;
    return { revision, entries: heldEntries(this.#tree) };
  }

  protected override keep(commit: Commit): void {
    super.keep(commit);
    this.#tree.apply(commit.changes);
  }
}

/** What the tree holds now, held until it is read. */
function heldEntries(tree: SnapshotTree): AsyncIterable<readonly Change[]> {
  const { reader, release } = tree.hold();
  async function* read(): AsyncGenerator<readonly Change[], undefined> {
    try {
      yield* treeEntries(reader);
    } finally {
      release();
    }
  }
  return read();
}

/** Says what is wrong if the commits are not numbered `base + 1`, `base + 2` …; null if they are. */
export function revisionProblem(base: number, commits: readonly Commit[]): string | null {
  for (let index = 0; index < commits.length; index++) {
    const revision = commits[index]!.revision;
    if (revision !== base + 1 + index) return `commit ${revision} was appended where ${base + 1 + index} belongs`;
  }
  return null;
}

/** A rejection that does not end the process if the caller watches only the other promise of the append. */
function rejected(error: BacksideError): Promise<never> {
  const promise = Promise.reject(error);
  promise.catch(() => undefined);
  return promise;
}
