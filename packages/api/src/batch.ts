import { authorOf, BacksideError, Commit, type CommitDraft, toBacksideError } from '@backside/protocol';
import type { AppendOutcome } from '@backside/store';
import type { Path, TreeReader } from '@backside/tree';
import { type Evaluation, type EvaluationContext, evaluate } from './evaluation.js';
import { touches } from './history.js';
import type { WriteOperation, WriteResult, WriteSeries } from './operation.js';
import { PendingState } from './pending-state.js';

/** Operations in one batch at most, so that one batch never holds up the event loop for long. */
const MAX_BATCH_OPERATIONS = 2_000;
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

/** An operation on its way, and whom to answer. */
export interface PendingWrite {
  readonly operation: WriteOperation;
  readonly idempotencyKey: string | null;
  readonly resolve: (result: WriteResult) => void;
  readonly reject: (error: BacksideError) => void;
  /** Called once its fate is sealed, which for level `applied` is after the answer: with the result, or null if it is not stored. */
  readonly sealed?: ((result: WriteResult | null) => void) | undefined;
}

/** What became of a write on the state that it was computed on, which is final only when its batch is. */
export type Verdict = { readonly write: PendingWrite } & (
  | { readonly result: WriteResult; readonly error: null }
  | { readonly result: null; readonly error: BacksideError }
);

export interface Batch {
  readonly base: number;
  /** When it was computed, in milliseconds since the epoch. */
  readonly startedAt: number;
  readonly commits: readonly Commit[];
  readonly verdicts: readonly Verdict[];
  /** How its append ended; batches are settled in their order. */
  outcome: AppendOutcome | null;
}

export interface BatchComputerOptions {
  readonly nodeId: string;
  readonly now: () => number;
  readonly maxCommitBytes: number;
  /** Keep in each commit what stood at the changed paths before. */
  readonly recordPrior: boolean;
  /** The durable state, and its revision. */
  readonly base: { readonly reader: TreeReader; readonly revision: () => number };
  /** Everything that evaluation needs beside the state. */
  readonly evaluation: Pick<EvaluationContext, 'limits' | 'authorizer' | 'nextPushId' | 'changedSince'>;
  /** The result of an earlier write with the same idempotency key, also one made by another node. May throw. */
  readonly known: (key: string, operation: WriteOperation) => WriteResult | null;
}

/** Decides writes on the state that everything under way leads to, which it keeps. */
export class BatchComputer {
  readonly #options: BatchComputerOptions;
  readonly #pending: PendingState;
  #underWay: readonly Batch[] = [];
  /** Series with a refused write in a batch under way. */
  readonly #suspects = new Set<WriteSeries>();

  constructor(options: BatchComputerOptions) {
    this.#options = options;
    this.#pending = new PendingState(options.base.reader);
  }

  /** Makes a batch of the first writes of the queue, on top of the batches under way. */
  compute(queue: readonly PendingWrite[], underWay: readonly Batch[]): Batch {
    this.#underWay = underWay;
    const last = underWay.at(-1);
    const base = last === undefined ? this.#options.base.revision() : last.base + last.commits.length;
    const batch: Computation = { base, commits: [], verdicts: [], bytes: 0 };
    const now = this.#options.now();
    const context = {
      ...this.#options.evaluation,
      before: this.#pending.reader,
      now,
      changedSince: (path: Path, revision: number) => this.#changedSince(path, revision, batch),
    };
    for (const write of queue) {
      if (batch.verdicts.length >= MAX_BATCH_OPERATIONS || batch.bytes >= MAX_BATCH_BYTES) break;
      batch.verdicts.push(this.#judge(write, context, batch));
    }
    if (batch.commits.length > 0) this.#pending.sealBatch();
    return { base, startedAt: now, commits: batch.commits, verdicts: batch.verdicts, outcome: null };
  }

  /** Decides one write on the pending state, and adds its commit to the batch and to that state. */
  #judge(write: PendingWrite, context: EvaluationContext, batch: Computation): Verdict {
    const { idempotencyKey, operation } = write;
    const { series } = operation;
    try {
      if (series !== undefined && (series.broken || this.#suspects.has(series))) {
        throw new BacksideError('precondition-failed', 'an earlier write was refused');
      }
      const known = idempotencyKey === null ? null : this.#options.known(idempotencyKey, operation);
      if (known !== null) return { write, result: known, error: null };
      const evaluation = evaluate(operation, context);
      const revision = batch.base + batch.commits.length + 1;
      const commit = this.#commitOf(write, evaluation, { revision, now: context.now });
      for (const change of commit.changes) this.#pending.apply(change);
      batch.commits.push(commit);
      batch.bytes += commit.encoded().length;
      return { write, result: { revision, pushed: evaluation.pushed }, error: null };
    } catch (error) {
      if (series !== undefined) this.#suspects.add(series);
      return { write, result: null, error: toBacksideError(error) };
    }
  }

  #commitOf(write: PendingWrite, evaluation: Evaluation, place: { revision: number; now: number }): Commit {
    const { principal, headers } = write.operation;
    const fields: CommitDraft = {
      revision: place.revision,
      time: place.now,
      author: authorOf(principal),
      origin: this.#options.nodeId,
      changes: evaluation.changes,
    };
    if (headers !== undefined && headers.length > 0) fields.headers = headers;
    if (write.idempotencyKey !== null) fields.idempotencyKey = write.idempotencyKey;
    if (this.#options.recordPrior) fields.prior = this.#pending.priorOf(evaluation.changes);
    const commit = new Commit(fields);
    if (commit.encoded().length > this.#options.maxCommitBytes) {
      throw new BacksideError('too-large', `a write may have at most ${this.#options.maxCommitBytes} bytes`);
    }
    return commit;
  }

  /** Whether a commit after `revision`, durable or under way or earlier in this batch, touched the path; null if not known. */
  #changedSince(path: Path, revision: number, batch: Computation): boolean | null {
    if (revision > batch.base + batch.commits.length) return null;
    const changed = (commit: Commit): boolean => commit.revision > revision && touches(commit, path);
    if (batch.commits.some(changed) || this.#underWay.some(({ commits }) => commits.some(changed))) return true;
    return this.#options.evaluation.changedSince(path, Math.min(revision, this.#options.base.revision()));
  }

  /** The oldest batch under way is part of the durable tree now. */
  batchIsDurable({ commits }: Batch, underWay: number): void {
    if (commits.length > 0) this.#pending.batchIsDurable();
    if (underWay === 0) this.#suspects.clear();
  }

  /** Nothing is under way any more: all of it was given up. */
  discard(): void {
    this.#pending.discard();
    this.#suspects.clear();
  }
}

/** A batch while it is computed. */
interface Computation {
  readonly base: number;
  readonly commits: Commit[];
  readonly verdicts: Verdict[];
  bytes: number;
}
