import { BacksideError, type Commit } from '@backside/protocol';
import type { Append, AppendOutcome } from './journal.js';
import { revisionProblem } from './memory-journal.js';

/** What one stored append holds at most, in encoded bytes, unless a single one is larger. */
const MAX_MERGED_BYTES = 8 * 1024 * 1024;

/** Appends that waited together and follow each other, to be stored as one. */
export interface MergedAppend {
  /** Random: by it a store recognises its own append if the answer was lost. */
  readonly appendId: string;
  readonly base: number;
  readonly commits: readonly Commit[];
}

/** Where appends are stored: what a journal that nodes share has to bring along for its queue. */
export interface AppendStore {
  /** Stores all commits or none; with no commits, only tells whether the base is the head. Called again once it has settled only. */
  store(append: MergedAppend): Promise<AppendOutcome>;
  /** Resolves when appends may be stored again after one that rejected. Absent if that is at once. */
  recover?(): Promise<void>;
}

interface WaitingAppend {
  /** How many were asked for before it. */
  readonly number: number;
  readonly base: number;
  readonly commits: readonly Commit[];
  readonly bytes: number;
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (error: unknown) => void;
}

interface Group {
  readonly appends: readonly WaitingAppend[];
  readonly settled: Promise<void>;
}

/** A question for the head, asked before the append of that number; `limit` is the base of the first stored of those after it. */
interface HeadQuestion {
  readonly before: number;
  limit: number;
}

/**
 * The order of one node's appends to a journal that it shares. One merged append is stored at a time, and meanwhile what continues it is
 * gathered: the longer storing takes, the more is stored at once. If one conflicts or fails, so does all that waits, since it was built
 * on that.
 */
export class SharedAppendQueue {
  readonly #store: AppendStore;
  #waiting: WaitingAppend[] = [];
  #appends = 0;
  #storing: Group | null = null;
  #running: Promise<void> | null = null;
  #recovering: Promise<void> | null = null;
  /** Why nothing is taken: a failure that is not recovered from. */
  #refusal: BacksideError | null = null;
  /** The conflict of this turn: what is appended before anybody can know of it was built on what it refused. */
  #conflict: AppendOutcome | null = null;
  readonly #questions: Set<HeadQuestion> = new Set();
  #closed = false;

  constructor(store: AppendStore) {
    this.#store = store;
  }

  /** As `Journal.append`; `accepted` and `durable` are one. */
  append(base: number, commits: readonly Commit[]): Append {
    const durable = this.#append(base, commits);
    durable.catch(() => undefined); // the caller may watch the other promise only
    return { accepted: durable, durable };
  }

  /** The head that `ask` finds, without what is appended here from now on. */
  async headBefore(ask: () => Promise<number>): Promise<number> {
    const question: HeadQuestion = { before: this.#appends, limit: Number.POSITIVE_INFINITY };
    this.#questions.add(question);
    try {
      const head = await ask();
      const later = this.#storing?.appends.find(({ number }) => number >= question.before);
      // It may be in the answer already, although nobody has been told so.
      if (later !== undefined && later.base < head) await this.#storing?.settled;
      return Math.min(head, question.limit);
    } finally {
      this.#questions.delete(question);
    }
  }

  /** Refuses further appends, and resolves once those under way have come to an end and nothing is recovered any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await this.#recovering;
  }

  #append(base: number, commits: readonly Commit[]): Promise<AppendOutcome> {
    if (this.#closed) return Promise.reject(new BacksideError('unavailable', 'the journal is closed'));
    if (this.#refusal !== null) return Promise.reject(this.#refusal);
    if (this.#conflict !== null) return Promise.resolve(conflictFor(this.#conflict, base));
    const problem = revisionProblem(base, commits);
    if (problem !== null) return Promise.reject(new BacksideError('internal', problem));
    const bytes = commits.reduce((sum, commit) => sum + commit.encoded().length, 0);
    const outcome = new Promise<AppendOutcome>((resolve, reject) => {
      this.#waiting.push({ number: this.#appends++, base, commits, bytes, resolve, reject });
    });
    this.#running ??= this.#run();
    return outcome;
  }

  async #run(): Promise<void> {
    await null; // so that everything appended in this turn is stored together
    while (this.#waiting.length > 0) {
      const appends = this.#takeGroup();
      this.#storing = { appends, settled: this.#storeGroup(appends) };
      await this.#storing.settled;
      this.#storing = null;
    }
    this.#running = null;
  }

  /** The appends at the front that follow each other, as many as may be stored together. */
  #takeGroup(): WaitingAppend[] {
    let end = this.#waiting[0]!.base;
    let bytes = 0;
    let count = 0;
    for (const append of this.#waiting) {
      bytes += append.bytes;
      if (append.base !== end || (count > 0 && bytes > MAX_MERGED_BYTES)) break;
      end += append.commits.length;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #storeGroup(group: readonly WaitingAppend[]): Promise<void> {
    const commits = group.flatMap((append) => append.commits);
    try {
      const outcome = await this.#store.store({ appendId: crypto.randomUUID(), base: group[0]!.base, commits });
      if (outcome.status === 'appended') this.#stored(group);
      else this.#refuse(group, outcome);
    } catch (error) {
      this.#fail(group, error);
    }
  }

  #stored(group: readonly WaitingAppend[]): void {
    for (const { number, base, commits, resolve } of group) {
      for (const question of this.#questions) {
        if (number >= question.before) question.limit = Math.min(question.limit, base);
      }
      resolve({ status: 'appended', head: base + commits.length });
    }
  }

  #refuse(group: readonly WaitingAppend[], outcome: AppendOutcome): void {
    this.#conflict = outcome;
    queueMicrotask(() => {
      this.#conflict = null; // right before those are called who wait for the outcome
    });
    for (const { base, resolve } of [...group, ...this.#waiting.splice(0)]) resolve(conflictFor(outcome, base));
  }

  #fail(group: readonly WaitingAppend[], error: unknown): void {
    const message = 'the journal could not be written';
    const failure =
      error instanceof BacksideError ? error : new BacksideError('unavailable', message, { cause: error });
    for (const { reject } of [...group, ...this.#waiting.splice(0)]) reject(failure);
    if (this.#store.recover === undefined || this.#closed) return;
    const refusal = `${message}; it takes no more until it has recovered`;
    this.#refusal = new BacksideError('unavailable', refusal, { cause: error });
    this.#recovering = this.#store.recover().then(() => {
      this.#refusal = null;
    });
  }
}

/** A conflict as an append on another base is told of it: with what comes after that base. */
function conflictFor(outcome: AppendOutcome, base: number): AppendOutcome {
  if (outcome.status === 'appended' || outcome.missing === undefined) return outcome;
  const missing = outcome.missing.filter(({ revision }) => revision > base);
  return missing.length > 0 ? { ...outcome, missing } : { status: outcome.status, head: outcome.head };
}
