import { BacksideError, type Commit, type ErrorCode, type Logger } from '@backside/protocol';
import type { Append, AppendOutcome, Journal } from '@backside/store';
import type { AppendPace } from './append-pace.js';
import { type Batch, BatchComputer, type BatchComputerOptions, type PendingWrite } from './batch.js';
import { type JournalReach, RETRY_AFTER_MS } from './journal-reach.js';

/** Batches under way at most; what waits meanwhile becomes one larger batch. After a conflict it is one, and grows again. */
const MAX_BATCHES_UNDER_WAY = 8;
/** An append may take so many times as long as other calls while those are answered: it may be megabytes, and wait for others. */
const APPEND_TIMES = 5;
/** For how long after a failed append a shared journal counts as failing, if nothing else is tried, in milliseconds. */
const FAILED_MS = 10_000;

export interface SequencerOptions extends BatchComputerOptions {
  readonly journal: Journal;
  readonly reach: JournalReach;
  /** When to append, where others do as well. */
  readonly pace: AppendPace;
  readonly logger: Logger;
  readonly maxQueuedOperations: number;
  /** Resolves once the durable state has all that this node was told of; null if it does. */
  readonly catchUpWithNews: () => Promise<void> | null;
  /** Brings the durable state to the journal's head, from `missing` if that is all it takes; retries until it can. */
  readonly catchUp: (head: number, missing: readonly Commit[]) => Promise<void>;
  /** Called with each durable batch, in order, before its operations are answered. */
  readonly durable: (commits: readonly Commit[]) => void;
}

type Conflict = Extract<AppendOutcome, { status: 'revision-conflict' }>;

/**
 * Puts the operations of one database in order. All that waits becomes one batch, computed on the state left by the batch
 * before it and appended as one; the next batch is computed while this one is written. When another node was first, all
 * that is under way is computed again, in the same order, on the state that this node left; refusals too, since they were
 * decided on a state that never came to be. So everybody is answered by what really happened. While the journal is out of reach
 * every write is refused at once, and those that wait are when it is found to be.
 */
export class Sequencer {
  readonly #options: SequencerOptions;
  readonly #computer: BatchComputer;
  #queue: PendingWrite[] = [];
  #underWay: Batch[] = [];
  #scheduled = false;
  /** While the state is being brought up to date after a conflict or a failure. */
  #recovering = false;
  #mayBeUnderWay = MAX_BATCHES_UNDER_WAY;
  /** While others are given their turn. */
  #pausing = false;
  #idle: (() => void)[] = [];
  #closed = false;
  readonly refused: Map<ErrorCode, number> = new Map();
  commits = 0;
  batches = 0;
  conflicts = 0;
  /** Whether the last append failed. */
  failed = false;
  #failedAt = 0;

  constructor(options: SequencerOptions) {
    this.#options = options;
    this.#computer = new BatchComputer(options);
    options.reach.onChange((lost) => {
      if (lost) this.#refuseQueue(() => options.reach.refusal());
      else this.failed = false;
    });
  }

  /** Whether writes are likely to fail now: a shared journal gets the benefit of the doubt after a while in which nobody tried. */
  get degraded(): boolean {
    const { reach, journal, now } = this.#options;
    if (reach.lost || !this.failed) return reach.lost;
    return !journal.supports.sharedBetweenNodes || now() - this.#failedAt < FAILED_MS;
  }

  get queueDepth(): number {
    return this.#underWay.reduce((sum, batch) => sum + batch.verdicts.length, this.#queue.length);
  }

  submit(write: PendingWrite): void {
    if (this.#closed) {
      this.#refuse(write, new BacksideError('shutting-down'));
    } else if (this.#options.reach.lost) {
      this.#refuse(write, this.#options.reach.refusal());
    } else if (this.#queue.length >= this.#options.maxQueuedOperations) {
      this.#refuse(write, new BacksideError('unavailable', 'too many writes are waiting'));
    } else {
      this.#queue.push(write);
      this.#schedule();
    }
  }

  /** Refuses further operations, and those that would have to wait for a journal out of reach; resolves when all are answered. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#recovering && this.failed) this.#refuseQueue(shuttingDown);
    if (!this.#isIdle) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  get #isIdle(): boolean {
    return this.#queue.length === 0 && this.#underWay.length === 0;
  }

  #schedule(): void {
    if (this.#scheduled || this.#recovering || this.#underWay.length >= this.#mayBeUnderWay) return;
    this.#scheduled = true;
    // After the sockets of this turn have been read, so that everything they brought is one batch.
    setImmediate(() => {
      this.#scheduled = false;
      this.#takeBatch();
    });
  }

  #takeBatch(): void {
    if (this.#recovering || this.#queue.length === 0 || this.#waitsForOthers()) return;
    const batch = this.#computer.compute(this.#queue, this.#underWay);
    this.#queue = batch.verdicts.length === this.#queue.length ? [] : this.#queue.slice(batch.verdicts.length);
    this.#underWay.push(batch);
    if (batch.commits.length > 0) this.batches += 1;
    if (batch.commits.length > 0 || this.#options.journal.supports.sharedBetweenNodes) {
      this.#options.pace.appending();
      // With no commits it still tells whether the refusals were decided on the journal's head.
      void this.#follow(batch, this.#options.journal.append(batch.base, batch.commits));
    } else {
      batch.outcome = { status: 'appended', head: batch.base };
      this.#settle();
    }
    if (this.#queue.length > 0) this.#schedule();
  }

  /** The revision that this node's state will have if all that is under way is stored. */
  get #writtenUpTo(): number {
    const last = this.#underWay.at(-1);
    return last === undefined ? this.#options.base.revision() : last.base + last.commits.length;
  }

  /** Whether others append first, or have, and this node does not know what yet; then it goes on by itself. */
  #waitsForOthers(): boolean {
    const { pace, catchUpWithNews } = this.#options;
    const pause =
      pace.pause(this.#writtenUpTo) ?? (pace.hasTurn && this.#underWay.length === 0 ? catchUpWithNews() : null);
    if (pause === null || this.#pausing) return pause !== null;
    this.#pausing = true;
    void pause.then(() => {
      this.#pausing = false;
      if (this.#queue.length > 0) this.#schedule();
    });
    return true;
  }

  /** Only what the journal says is handled here; a defect in what follows from it must not look like a failed journal. */
  async #follow(batch: Batch, append: Append): Promise<void> {
    append.accepted.then(
      (outcome) => this.#accepted(batch, outcome),
      () => {}, // `durable` fails alike
    );
    try {
      batch.outcome = await this.#options.reach.ask(() => append.durable, APPEND_TIMES);
    } catch (error) {
      if (this.#underWay.includes(batch)) this.#fail(error);
      return;
    }
    this.#settle();
  }

  #accepted(batch: Batch, outcome: AppendOutcome): void {
    if (outcome.status !== 'appended') return;
    for (const { write, result } of batch.verdicts) {
      if (result !== null && write.operation.ackLevel === 'applied') write.resolve(result);
    }
  }

  /** Takes the batches whose outcome is known, oldest first. */
  #settle(): void {
    for (let batch = this.#underWay[0]; batch?.outcome; batch = this.#underWay[0]) {
      if (batch.outcome.status === 'appended') this.#committed(batch);
      else this.#computeAgain(batch, batch.outcome);
    }
    if (this.#underWay.length === 0) this.#options.pace.settled(this.#queue.length === 0);
    else this.#options.pace.appending();
    if (this.#queue.length > 0) this.#schedule();
    this.#settleIdle();
  }

  #committed(batch: Batch): void {
    this.#options.pace.appended(batch.startedAt);
    this.#mayBeUnderWay = Math.min(MAX_BATCHES_UNDER_WAY, this.#mayBeUnderWay * 2);
    if (batch.commits.length > 0) {
      this.failed = false;
      this.commits += batch.commits.length;
      this.#options.durable(batch.commits);
    }
    this.#underWay.shift();
    this.#computer.batchIsDurable(batch, this.#underWay.length);
    for (const { write, result, error } of batch.verdicts) {
      if (error !== null) {
        this.#refuse(write, error);
      } else {
        write.resolve(result);
        write.sealed?.(result);
      }
    }
  }

  /** Another node was first: nothing under way was stored. */
  #computeAgain({ startedAt }: Batch, { head, missing = [] }: Conflict): void {
    this.conflicts += 1;
    this.#options.pace.refused(startedAt, this.#options.base.revision());
    this.#mayBeUnderWay = 1;
    const again = this.#giveUp().flatMap((batch) => batch.verdicts.map(({ write }) => write));
    this.#queue = [...again, ...this.#queue];
    this.#recover(head, missing);
  }

  #fail(failure: unknown): void {
    this.failed = true;
    this.#failedAt = this.#options.now();
    this.#options.pace.failed();
    this.#options.logger.error({ err: failure }, 'the journal failed; writes under way are answered as unavailable');
    const error = new BacksideError('unavailable', 'the write may or may not have been stored', {
      cause: failure,
      retryAfterMs: RETRY_AFTER_MS,
    });
    for (const batch of this.#giveUp()) for (const { write } of batch.verdicts) this.#refuse(write, error);
    this.#recover(this.#options.base.revision(), []);
  }

  /** Forgets everything that is under way. */
  #giveUp(): Batch[] {
    const lost = this.#underWay;
    this.#underWay = [];
    this.#computer.discard();
    return lost;
  }

  /** Computes nothing until this node's state is at the journal's head again. */
  #recover(head: number, missing: readonly Commit[]): void {
    this.#recovering = true;
    if (this.#closed && this.failed) this.#refuseQueue(shuttingDown);
    if (this.#options.reach.lost) this.#refuseQueue(() => this.#options.reach.refusal());
    void this.#options.catchUp(head, missing).then(() => {
      this.#recovering = false;
      if (this.#queue.length > 0) this.#schedule();
      this.#settleIdle();
    });
  }

  #refuseQueue(reason: () => BacksideError): void {
    for (const write of this.#queue.splice(0)) this.#refuse(write, reason());
    this.#settleIdle();
  }

  #refuse(write: PendingWrite, error: BacksideError): void {
    if (write.operation.series !== undefined) write.operation.series.broken = true;
    this.refused.set(error.code, (this.refused.get(error.code) ?? 0) + 1);
    if (error.code === 'internal') this.#options.logger.error({ err: error.cause ?? error }, 'a write failed');
    write.reject(error);
    write.sealed?.(null);
  }

  #settleIdle(): void {
    if (this.#isIdle) for (const resolve of this.#idle.splice(0)) resolve();
  }
}

function shuttingDown(): BacksideError {
  return new BacksideError('shutting-down');
}
