import { BacksideError, type Commit } from '@backside/protocol';
import { type Append, type AppendOutcome, revisionProblem } from '@backside/store';

/** What one stored append holds at most, in encoded bytes, unless a single one is larger. */
const MAX_MERGED_BYTES = 8 * 1024 * 1024;

/** Stores commits on a base, all or none; with no commits it only tells whether the base is the head. */
export type Store = (base: number, commits: readonly Commit[]) => Promise<AppendOutcome>;

interface Waiting {
  readonly base: number;
  readonly commits: readonly Commit[];
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Has one append stored at a time, and meanwhile gathers what continues it: the longer storing takes, the more is stored at once. If one
 * conflicts or fails, so does all that waits, since it was built on that.
 */
export class AppendQueue {
  readonly #store: Store;
  #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;
  /** The conflict of this turn: what is appended before anybody can know of it was built on what it refused. */
  #conflict: AppendOutcome | null = null;
  #closed = false;

  constructor(store: Store) {
    this.#store = store;
  }

  append(base: number, commits: readonly Commit[]): Append {
    const durable = this.#append(base, commits);
    durable.catch(() => undefined); // the caller may watch the other promise only
    return { accepted: durable, durable };
  }

  /** Refuses further appends and resolves once those under way have come to an end. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  #append(base: number, commits: readonly Commit[]): Promise<AppendOutcome> {
    if (this.#closed) return Promise.reject(new BacksideError('unavailable', 'the journal is closed'));
    if (this.#conflict !== null) return Promise.resolve(conflictFor(this.#conflict, base));
    const problem = revisionProblem(base, commits);
    if (problem !== null) return Promise.reject(new BacksideError('internal', problem));
    const outcome = new Promise<AppendOutcome>((resolve, reject) => {
      this.#waiting.push({ base, commits, resolve, reject });
    });
    this.#running ??= this.#run();
    return outcome;
  }

  async #run(): Promise<void> {
    await null; // so that everything appended in this turn is stored together
    while (this.#waiting.length > 0) await this.#storeGroup(this.#takeGroup());
    this.#running = null;
  }

  /** The appends at the front that follow each other, as many as may be stored together. */
  #takeGroup(): Waiting[] {
    let end = this.#waiting[0]!.base;
    let bytes = 0;
    let count = 0;
    for (const { base, commits } of this.#waiting) {
      bytes += commits.reduce((sum, commit) => sum + commit.encoded().length, 0);
      if (base !== end || (count > 0 && bytes > MAX_MERGED_BYTES)) break;
      end += commits.length;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #storeGroup(group: readonly Waiting[]): Promise<void> {
    const { base } = group[0]!;
    try {
      const outcome = await this.#store(
        base,
        group.flatMap(({ commits }) => commits),
      );
      if (outcome.status === 'revision-conflict') return this.#refuse(group, outcome);
      for (const { base: own, commits, resolve } of group) resolve({ status: 'appended', head: own + commits.length });
    } catch (error) {
      for (const { reject } of [...group, ...this.#waiting.splice(0)]) reject(error);
    }
  }

  #refuse(group: readonly Waiting[], outcome: AppendOutcome): void {
    this.#conflict = outcome;
    queueMicrotask(() => {
      this.#conflict = null; // right before those are called who wait for the outcome
    });
    for (const { base, resolve } of [...group, ...this.#waiting.splice(0)]) resolve(conflictFor(outcome, base));
  }
}

/** A conflict as an append on another base is told of it: with what comes after that base. */
function conflictFor(outcome: AppendOutcome, base: number): AppendOutcome {
  if (outcome.status === 'appended' || outcome.missing === undefined) return outcome;
  return { ...outcome, missing: outcome.missing.filter(({ revision }) => revision > base) };
}
