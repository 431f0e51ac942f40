import { setTimeout as sleep } from 'node:timers/promises';
import { BacksideError, type Commit, packCommits } from '@backside/protocol';
import { type Append, type AppendOutcome, revisionProblem } from '@backside/store';
import { MAX_PART_BYTES } from './documents.js';
import type { JournalCollection, NewAppend } from './journal-collection.js';
import type { JournalTip } from './journal-tip.js';
import { asUnavailable, isDuplicate } from './mongo-error.js';

export interface AppendQueueOptions {
  readonly collection: JournalCollection;
  readonly tip: JournalTip;
  readonly nodeId: string;
  readonly now: () => number;
  readonly elapsed: () => number;
  /** How long storing is tried again, in milliseconds. */
  readonly patienceMs: number;
  /** Called when storing has failed, and again and again until it succeeds. */
  readonly failed: () => void;
}

/** A moment, and the base of the first append stored here that was asked for later; infinite while there is none. */
export interface Moment {
  readonly appendsBefore: number;
  baseOfNext: number;
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

const FIRST_PAUSE_MS = 10;
const MAX_PAUSE_MS = 500;
/** Commits at hand that are told along with a conflict, at most. */
const MAX_MISSING = 1_000;

/**
 * Stores appends, at most one document at a time: all that come meanwhile share the next one. The unique id of the document decides
 * between nodes. A request whose answer is lost is repeated as it was, so it is stored once or not at all.
 */
export class AppendQueue {
  readonly #options: AppendQueueOptions;
  #waiting: WaitingAppend[] = [];
  #storing: Promise<void> | null = null;
  #appends = 0;
  readonly #moments = new Set<Moment>();
  /** Why appends are refused; null while they are not. */
  #refusal: BacksideError | null = null;
  #closed = false;

  constructor(options: AppendQueueOptions) {
    this.#options = options;
  }

  append(base: number, commits: readonly Commit[]): Append {
    const outcome = this.#enqueue(base, commits);
    outcome.catch(() => undefined); // callers may watch either promise of an append alone
    return { accepted: outcome, durable: outcome };
  }

  /** Remembers this moment, until it is forgotten. */
  remember(): Moment {
    const moment: Moment = { appendsBefore: this.#appends, baseOfNext: Number.POSITIVE_INFINITY };
    this.#moments.add(moment);
    return moment;
  }

  forget(moment: Moment): void {
    this.#moments.delete(moment);
  }

  /** Takes appends again, after a failure: the tip has been read anew. */
  recovered(): void {
    if (!this.#closed) this.#refusal = null;
  }

  /** Refuses further appends and resolves once those under way have come to an end. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#refusal = new BacksideError('unavailable', 'the journal is closed');
    while (this.#storing !== null) await this.#storing;
  }

  #enqueue(base: number, commits: readonly Commit[]): Promise<AppendOutcome> {
    if (this.#refusal !== null) return Promise.reject(this.#refusal);
    const problem = revisionProblem(base, commits);
    if (problem !== null) return Promise.reject(new BacksideError('internal', problem));
    const bytes = commits.reduce((sum, commit) => sum + commit.encoded().length, 0);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ number: this.#appends++, base, commits, bytes, resolve, reject });
      this.#storing ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    await null; // so that everything appended in this turn goes into one document
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup();
      try {
        await this.#process(group);
      } catch (error) {
        this.#fail(group, error);
      }
    }
    this.#storing = null;
  }

  /** The first of those that wait, and whatever follows it and fits into the same document. */
  #takeGroup(): WaitingAppend[] {
    const first = this.#waiting[0]!;
    let next = first.base + first.commits.length;
    let bytes = first.bytes;
    let count = 1;
    for (; count < this.#waiting.length; count++) {
      const append = this.#waiting[count]!;
      bytes += append.bytes;
      if (append.base !== next || bytes > MAX_PART_BYTES) break;
      next += append.commits.length;
    }
    return this.#waiting.splice(0, count);
  }

  async #process(group: readonly WaitingAppend[]): Promise<void> {
    const { tip } = this.#options;
    const base = group[0]!.base;
    const commits = group.flatMap((append) => append.commits);
    if (tip.revision !== base || commits.length === 0) await tip.refresh();
    if (tip.revision !== base || (commits.length > 0 && !(await this.#store(base, commits)))) {
      this.#conflict(group, base);
      return;
    }
    for (const append of group) {
      for (const moment of this.#moments) noteAppend(moment, append);
      append.resolve({ status: 'appended', head: append.base + append.commits.length });
    }
  }

  /** Resolves with whether the commits have been stored; if not, the tip is where the journal ends. */
  async #store(base: number, commits: readonly Commit[]): Promise<boolean> {
    const { collection, tip, nodeId, now, elapsed } = this.#options;
    const packed = packCommits(commits);
    const append: NewAppend = {
      appendId: crypto.randomUUID(),
      base,
      packed,
      totalBefore: tip.total,
      node: nodeId,
      time: now(),
    };
    const askedAt = elapsed();
    if (!(await this.#insert(append))) return false;
    if (!(await tip.isTrustworthy(base))) {
      await collection.remove(base);
      return false;
    }
    const bytes = packed.bytes.length;
    tip.appended(
      { first: base + 1, last: base + commits.length, total: append.totalBefore + bytes, bytes, commits },
      askedAt,
    );
    return true;
  }

  /** Resolves with whether it is stored; false if another append is in its place. Rejects if that cannot be told in time. */
  async #insert(append: NewAppend): Promise<boolean> {
    const { elapsed, patienceMs } = this.#options;
    const deadline = elapsed() + patienceMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2)) {
      try {
        return await this.#insertOnce(append);
      } catch (error) {
        if (this.#closed || elapsed() >= deadline) throw error;
        await sleep(pauseMs);
      }
    }
  }

  async #insertOnce(append: NewAppend): Promise<boolean> {
    const { collection, tip } = this.#options;
    try {
      await collection.insert(append);
      return true;
    } catch (error) {
      if (!isDuplicate(error)) throw asUnavailable(error);
      const there = await collection.at(append.base + 1);
      if (there?.appendId === append.appendId) return true;
      await tip.refresh();
      if (tip.revision > append.base) return false;
      // Something is in its place, which is not durable yet.
      throw asUnavailable(error);
    }
  }

  /** Refuses also whatever was appended since: it was built on this. */
  #conflict(group: readonly WaitingAppend[], base: number): void {
    const { tip } = this.#options;
    const head = tip.revision;
    const missing = head - base <= MAX_MISSING ? tip.recent.between(base + 1, head) : undefined;
    for (const append of [...group, ...this.#waiting]) {
      const known = append.base === base && missing !== undefined && missing.length > 0;
      append.resolve({ status: 'revision-conflict', head, ...(known && { missing }) });
    }
    this.#waiting = [];
  }

  #fail(group: readonly WaitingAppend[], cause: unknown): void {
    const message = 'the journal could not be written; it takes no more until it has recovered';
    const failure = new BacksideError('unavailable', message, { cause });
    if (!this.#closed) this.#refusal = failure;
    for (const append of [...group, ...this.#waiting]) append.reject(failure);
    this.#waiting = [];
    this.#options.failed();
  }
}

function noteAppend(moment: Moment, { number, base }: WaitingAppend): void {
  if (number >= moment.appendsBefore) moment.baseOfNext = Math.min(moment.baseOfNext, base);
}
