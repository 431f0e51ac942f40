import { BacksideError, type Commit, type ErrorCode, type Logger } from '@backside/protocol';
import type { Append, AppendOutcome, Journal } from '@backside/store';
import { type Batch, BatchComputer, type BatchComputerOptions, type PendingWrite } from './batch.js';

/** Batches under way at most; what waits meanwhile becomes one larger batch. */
const MAX_BATCHES_UNDER_WAY = 8;
export interface SequencerOptions extends BatchComputerOptions {
  readonly journal: Journal;
  readonly logger: Logger;
  readonly maxQueuedOperations: number;
  /** Brings the durable state to the journal's head, from `missing` if that is all it takes; retries until it can. */
  readonly catchUp: (head: number, missing: readonly Commit[]) => Promise<void>;
  /** Called with each durable batch, in order, before its operations are answered. */
  readonly durable: (commits: readonly Commit[]) => void;
}

/**
 * Puts the operations of one database in order. All that waits becomes one batch, computed on the state left by the batch
 * before it and appended as one; the next batch is computed while this one is written. When another node was first, all
 * that is under way is computed again, in the same order, on the state that this node left; refusals too, since they were
 * decided on a state that never came to be. So everybody is answered by what really happened.
 */
export class Sequencer {
  readonly #options: SequencerOptions;
  readonly #computer: BatchComputer;
  #queue: PendingWrite[] = [];
  #underWay: Batch[] = [];
  #scheduled = false;
  /** While the state is being brought up to date after a conflict or a failure. */
  #recovering = false;
  #idle: (() => void)[] = [];
  #closed = false;
  readonly refused: Map<ErrorCode, number> = new Map();
  commits = 0;
  batches = 0;
  conflicts = 0;
  failed = false;

  constructor(options: SequencerOptions) {
    this.#options = options;
    this.#computer = new BatchComputer(options);
  }

  get queueDepth(): number {
    return this.#underWay.reduce((sum, batch) => sum + batch.verdicts.length, this.#queue.length);
  }

  submit(write: PendingWrite): void {
    if (this.#closed) {
      this.#refuse(write, new BacksideError('shutting-down'));
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
    if (this.#recovering && this.failed) this.#refuseQueue();
    if (!this.#isIdle) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  get #isIdle(): boolean {
    return this.#queue.length === 0 && this.#underWay.length === 0;
  }

  #schedule(): void {
    if (this.#scheduled || this.#recovering || this.#underWay.length >= MAX_BATCHES_UNDER_WAY) return;
    this.#scheduled = true;
    // After the sockets of this turn have been read, so that everything they brought is one batch.
    setImmediate(() => {
      this.#scheduled = false;
      this.#takeBatch();
    });
  }

  #takeBatch(): void {
    if (this.#recovering || this.#queue.length === 0) return;
    const batch = this.#computer.compute(this.#queue, this.#underWay);
    this.#queue = batch.verdicts.length === this.#queue.length ? [] : this.#queue.slice(batch.verdicts.length);
    this.#underWay.push(batch);
    if (batch.commits.length > 0) this.batches += 1;
    if (batch.commits.length > 0 || this.#options.journal.supports.sharedBetweenNodes) {
      // With no commits it still tells whether the refusals were decided on the journal's head.
      void this.#follow(batch, this.#options.journal.append(batch.base, batch.commits));
    } else {
      batch.outcome = { status: 'appended', head: batch.base };
      this.#settle();
    }
    if (this.#queue.length > 0) this.#schedule();
  }

  /** Only what the journal says is handled here; a defect in what follows from it must not look like a failed journal. */
  async #follow(batch: Batch, append: Append): Promise<void> {
    append.accepted.then(
      (outcome) => this.#accepted(batch, outcome),
      () => {}, // `durable` fails alike
    );
    try {
      batch.outcome = await append.durable;
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
      else this.#computeAgain(batch.outcome);
    }
    if (this.#queue.length > 0) this.#schedule();
    this.#settleIdle();
  }

  #committed(batch: Batch): void {
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
  #computeAgain({ head, missing = [] }: Extract<AppendOutcome, { status: 'revision-conflict' }>): void {
    this.conflicts += 1;
    const again = this.#giveUp().flatMap((batch) => batch.verdicts.map(({ write }) => write));
    this.#queue = [...again, ...this.#queue];
    this.#recover(head, missing);
  }

  #fail(failure: unknown): void {
    this.failed = true;
    this.#options.logger.error({ err: failure }, 'the journal failed; writes under way are answered as unavailable');
    const error = new BacksideError('unavailable', 'the write may or may not have been stored', { cause: failure });
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
    if (this.#closed && this.failed) this.#refuseQueue();
    void this.#options.catchUp(head, missing).then(() => {
      this.#recovering = false;
      if (this.#queue.length > 0) this.#schedule();
      this.#settleIdle();
    });
  }

  #refuseQueue(): void {
    for (const write of this.#queue.splice(0)) this.#refuse(write, new BacksideError('shutting-down'));
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
