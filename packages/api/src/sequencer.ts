import { authorOf, BacksideError, Commit, type ErrorCode, type Logger, toBacksideError } from '@backside/protocol';
import type { Append, AppendOutcome, Journal } from '@backside/store';
import type { Path, TreeReader } from '@backside/tree';
import { type Evaluation, type EvaluationContext, evaluate } from './evaluation.js';
import { touches } from './history.js';
import type { WriteOperation, WriteResult } from './operation.js';
import { PendingState } from './pending-state.js';

/** Appends under way at most; what waits meanwhile becomes one larger batch. */
const MAX_APPENDS_UNDER_WAY = 8;
/** Operations in one batch at most, so that one batch never holds up the event loop for long. */
const MAX_BATCH_OPERATIONS = 2_000;
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

/** An operation on its way, and whom to answer. */
export interface PendingWrite {
  readonly operation: WriteOperation;
  readonly idempotencyKey: string | null;
  readonly resolve: (result: WriteResult) => void;
  readonly reject: (error: BacksideError) => void;
  /** Whether it was answered at level `applied` already. */
  answered: boolean;
}

interface Evaluated {
  readonly write: PendingWrite;
  readonly result: WriteResult;
}

interface Batch {
  readonly base: number;
  readonly commits: readonly Commit[];
  readonly evaluated: readonly Evaluated[];
  /** How its append ended; batches are settled in their order. */
  outcome: AppendOutcome | null;
}

export interface SequencerOptions {
  readonly journal: Journal;
  readonly logger: Logger;
  readonly nodeId: string;
  readonly now: () => number;
  readonly maxQueuedOperations: number;
  readonly maxCommitBytes: number;
  /** Keep in each commit what stood at the changed paths before. */
  readonly recordPrior: boolean;
  /** The durable state, and its revision. */
  readonly base: { readonly reader: TreeReader; readonly revision: () => number };
  /** Everything that evaluation needs beside the state. */
  readonly evaluation: Pick<EvaluationContext, 'limits' | 'authorizer' | 'nextPushId' | 'changedSince'>;
  /** Brings the durable state to the journal's head; retries until it can. */
  readonly catchUp: (head: number) => Promise<void>;
  /** The result of an earlier write with the same idempotency key, also one made by another node. May throw. */
  readonly known: (key: string, operation: WriteOperation) => WriteResult | null;
  /** Called with each durable batch, in order, before its operations are answered. */
  readonly durable: (commits: readonly Commit[]) => void;
}

/**
 * Puts the operations of one database in order. All that waits becomes one batch, computed on the state left by the batch
 * before it and appended as one; the next batch is computed while this one is written. When another node was first, all
 * that is under way is computed again, in the same order, on the state that this node left.
 */
export class Sequencer {
  readonly #options: SequencerOptions;
  readonly #pending: PendingState;
  #queue: PendingWrite[] = [];
  #underWay: Batch[] = [];
  #scheduled = false;
  /** Set while the state is being brought up to date after a conflict or a failure. */
  #recovering: Promise<void> | null = null;
  #idle: (() => void)[] = [];
  #closed = false;
  readonly refused: Map<ErrorCode, number> = new Map<ErrorCode, number>();
  commits = 0;
  batches = 0;
  conflicts = 0;
  failed = false;

  constructor(options: SequencerOptions) {
    this.#options = options;
    this.#pending = new PendingState(options.base.reader);
  }

  get queueDepth(): number {
    return this.#queue.length + this.#underWay.reduce((sum, batch) => sum + batch.evaluated.length, 0);
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

  /** Refuses further operations; resolves when all that were taken are answered. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#queue.length > 0 || this.#underWay.length > 0 || this.#recovering !== null) {
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
  }

  #schedule(): void {
    if (this.#scheduled || this.#recovering !== null || this.#underWay.length >= MAX_APPENDS_UNDER_WAY) return;
    this.#scheduled = true;
    // After the sockets of this turn have been read, so that everything they brought is one batch.
    setImmediate(() => {
      this.#scheduled = false;
      this.#takeBatch();
    });
  }

  #takeBatch(): void {
    if (this.#recovering !== null || this.#queue.length === 0) return;
    const base = this.#underWay.at(-1)?.commits.at(-1)?.revision ?? this.#options.base.revision();
    const batch = this.#computeBatch(base);
    if (batch.commits.length > 0) {
      this.#pending.sealBatch();
      this.#append(batch);
    }
    if (this.#queue.length > 0) this.#schedule();
    this.#settleIdle();
  }

  #computeBatch(base: number): Batch {
    const commits: Commit[] = [];
    const evaluated: Evaluated[] = [];
    let bytes = 0;
    let taken = 0;
    const now = this.#options.now();
    const context = {
      ...this.#options.evaluation,
      before: this.#pending.reader,
      now,
      changedSince: (path: Path, revision: number) => this.#changedSince(path, revision, commits),
    };
    while (taken < this.#queue.length && taken < MAX_BATCH_OPERATIONS && bytes < MAX_BATCH_BYTES) {
      const write = this.#queue[taken]!;
      taken += 1;
      try {
        if (write.operation.series?.broken)
          throw new BacksideError('precondition-failed', 'an earlier write was refused');
        if (this.#answerKnown(write)) continue;
        const evaluation = evaluate(write.operation, context);
        const commit = this.#commitOf(write, evaluation, { revision: base + commits.length + 1, now });
        bytes += commit.encoded().length;
        for (const change of commit.changes) this.#pending.apply(change);
        commits.push(commit);
        evaluated.push({ write, result: { revision: commit.revision, pushed: evaluation.pushed } });
      } catch (error) {
        this.#refuse(write, toBacksideError(error));
      }
    }
    this.#queue = taken === this.#queue.length ? [] : this.#queue.slice(taken);
    return { base, commits, evaluated, outcome: null };
  }

  /** Whether a commit after `revision`, durable or under way or earlier in this batch, touched the path. */
  #changedSince(path: Path, revision: number, batch: readonly Commit[]): boolean | null {
    const changed = (commit: Commit): boolean => commit.revision > revision && touches(commit, path);
    if (batch.some(changed) || this.#underWay.some(({ commits }) => commits.some(changed))) return true;
    return this.#options.evaluation.changedSince(path, Math.min(revision, this.#options.base.revision()));
  }

  #answerKnown(write: PendingWrite): boolean {
    const known = write.idempotencyKey === null ? null : this.#options.known(write.idempotencyKey, write.operation);
    if (known === null) return false;
    write.resolve(known);
    return true;
  }

  #commitOf(write: PendingWrite, evaluation: Evaluation, place: { revision: number; now: number }): Commit {
    const { operation } = write;
    const commit = new Commit({
      revision: place.revision,
      time: place.now,
      author: authorOf(operation.principal),
      origin: this.#options.nodeId,
      changes: evaluation.changes,
      ...(operation.headers && operation.headers.length > 0 && { headers: operation.headers }),
      ...(write.idempotencyKey !== null && { idempotencyKey: write.idempotencyKey }),
      ...(this.#options.recordPrior && { prior: this.#pending.priorOf(evaluation.changes) }),
    });
    if (commit.encoded().length > this.#options.maxCommitBytes) {
      throw new BacksideError('too-large', `a write may have at most ${this.#options.maxCommitBytes} bytes`);
    }
    return commit;
  }

  #append(batch: Batch): void {
    this.#underWay.push(batch);
    this.batches += 1;
    const append = this.#options.journal.append(batch.base, batch.commits);
    void this.#follow(batch, append);
  }

  async #follow(batch: Batch, append: Append): Promise<void> {
    try {
      const accepted = append.accepted.then((outcome) => this.#accepted(batch, outcome));
      [batch.outcome] = await Promise.all([append.durable, accepted]);
      this.#settle();
    } catch (error) {
      if (this.#underWay.includes(batch)) this.#recover(null, error);
    }
  }

  /** Takes the batches whose outcome is known, oldest first. */
  #settle(): void {
    for (let batch = this.#underWay[0]; batch?.outcome; batch = this.#underWay[0]) {
      if (batch.outcome.status === 'appended') this.#committed(batch);
      else this.#recover(batch.outcome.head, null);
    }
  }

  #accepted(batch: Batch, outcome: AppendOutcome): void {
    if (outcome.status !== 'appended') return;
    for (const { write, result } of batch.evaluated) {
      if (write.operation.ackLevel !== 'applied') continue;
      write.answered = true;
      write.resolve(result);
    }
  }

  #committed(batch: Batch): void {
    this.failed = false;
    this.#underWay.shift();
    this.commits += batch.commits.length;
    this.#options.durable(batch.commits);
    this.#pending.batchIsDurable();
    for (const { write, result } of batch.evaluated) {
      if (!write.answered) write.resolve(result);
    }
    if (this.#queue.length > 0) this.#schedule();
    this.#settleIdle();
  }

  /**
   * Gives up everything under way: after a conflict to compute it again, after a failure to answer that its outcome is
   * unknown. Nothing new is computed until this node knows the journal's head again.
   */
  #recover(head: number | null, failure: unknown): void {
    const lost = this.#underWay;
    this.#underWay = [];
    this.#pending.discard();
    if (head !== null) {
      this.conflicts += 1;
      const again = lost.flatMap((batch) => batch.evaluated.map(({ write }) => write));
      this.#queue = [...again.filter((write) => !write.answered), ...this.#queue];
    } else {
      this.failed = true;
      this.#options.logger.error({ err: failure }, 'the journal failed; writes under way are answered as unavailable');
      const error = new BacksideError('unavailable', 'the write may or may not have been stored', { cause: failure });
      for (const batch of lost) for (const { write } of batch.evaluated) this.#refuse(write, error);
    }
    this.#recovering = this.#options.catchUp(head ?? this.#options.base.revision()).then(() => {
      this.#recovering = null;
      this.#schedule();
      this.#settleIdle();
    });
  }

  #refuse(write: PendingWrite, error: BacksideError): void {
    if (write.operation.series !== undefined) write.operation.series.broken = true;
    this.refused.set(error.code, (this.refused.get(error.code) ?? 0) + 1);
    if (error.code === 'internal') this.#options.logger.error({ err: error.cause ?? error }, 'a write failed');
    if (!write.answered) write.reject(error);
  }

  #settleIdle(): void {
    if (this.#queue.length > 0 || this.#underWay.length > 0 || this.#recovering !== null) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
