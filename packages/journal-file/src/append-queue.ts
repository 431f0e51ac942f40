import { BacksideError, type Commit } from '@backside/protocol';
import { type Append, type AppendOutcome, revisionProblem } from '@backside/store';
import { batchBytes, writeBatch } from './batch-format.js';

/** Appends that wait, or that are being written. */
interface WaitingAppend {
  readonly payloads: readonly Uint8Array[];
  readonly bytes: number;
  readonly firstRevision: number;
  /** The head that it leads to. */
  readonly head: number;
  settle(error: BacksideError | null): void;
}

export interface BatchSink {
  /** Writes bytes at the end of the journal and resolves once they are on disk. */
  write(bytes: Buffer, firstRevision: number): Promise<void>;
  /** Called after a failed write: nothing more is written until `AppendQueue.recovered`. */
  failed(): void;
}

/**
 * Gives appends their place in the order, and writes all that wait as one write while at most one is under way: the more
 * come, the more share a write. After a failed write everything is refused until the medium has recovered.
 */
export class AppendQueue {
  readonly #sink: BatchSink;
  #head: number;
  #durable: number;
  #waiting: WaitingAppend[] = [];
  #writing: Promise<void> | null = null;
  /** Why appends are refused; null while they are not. */
  #refusal: BacksideError | null = null;
  #failed = false;
  #closed = false;
  /** Whether an append has met a conflict in this turn. */
  #refusing = false;

  constructor(sink: BatchSink, head: number) {
    this.#sink = sink;
    this.#head = head;
    this.#durable = head;
  }

  /** The last revision that is on disk. */
  get durable(): number {
    return this.#durable;
  }

  /** Whether a write has failed, so that what the disk holds after `durable` is unknown. */
  get failed(): boolean {
    return this.#failed;
  }

  append(base: number, commits: readonly Commit[]): Append {
    if (this.#refusal !== null) return settled(Promise.reject(this.#refusal));
    if (base !== this.#head || this.#refusing) return this.#conflict();
    const problem = revisionProblem(base, commits);
    if (problem !== null) return settled(Promise.reject(new BacksideError('internal', problem)));
    const payloads = commits.map((commit) => commit.encoded());
    this.#head += commits.length;
    const outcome: AppendOutcome = { status: 'appended', head: this.#head };
    return { accepted: Promise.resolve(outcome), durable: this.#enqueue(base, payloads, outcome) };
  }

  /** Takes appends again: the disk holds everything up to `durable`, and nothing of what failed. */
  recovered(): void {
    if (this.#closed) return;
    this.#failed = false;
    this.#refusal = null;
    this.#head = this.#durable;
  }

  /** Refuses further appends and resolves once those under way have come to an end. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#refusal = new BacksideError('unavailable', 'the journal is closed');
    while (this.#writing !== null) await this.#writing;
  }

  /**
   * Tells of a conflict once the head that it names is on disk, so that who was refused can read what came first. Also refuses
   * what is appended in the same turn: it was built on this append, since nobody can know of its end yet.
   */
  #conflict(): Append {
    this.#refusing = true;
    queueMicrotask(() => {
      this.#refusing = false;
    });
    const outcome: AppendOutcome = { status: 'revision-conflict', head: this.#head };
    if (this.#durable === this.#head) return settled(Promise.resolve(outcome));
    return settled(this.#enqueue(this.#head, [], outcome));
  }

  #enqueue(base: number, payloads: readonly Uint8Array[], outcome: AppendOutcome): Promise<AppendOutcome> {
    const bytes = payloads.length === 0 ? 0 : batchBytes(payloads);
    const durable = new Promise<AppendOutcome>((resolve, reject) => {
      const settle = (error: BacksideError | null): void => (error ? reject(error) : resolve(outcome));
      this.#waiting.push({ payloads, bytes, firstRevision: base + 1, head: outcome.head, settle });
    });
    this.#writing ??= this.#drain();
    return watched(durable);
  }

  async #drain(): Promise<void> {
    await null; // so that everything appended in this turn goes into one write
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      await this.#write(group);
    }
    this.#writing = null;
  }

  async #write(group: readonly WaitingAppend[]): Promise<void> {
    try {
      const bytes = this.#encode(group);
      if (bytes.length > 0) await this.#sink.write(bytes, group[0]!.firstRevision);
      this.#durable = group.at(-1)!.head;
      for (const append of group) append.settle(null);
    } catch (cause) {
      this.#fail(group, cause);
    }
  }

  #encode(group: readonly WaitingAppend[]): Buffer {
    let total = 0;
    for (const append of group) total += append.bytes;
    const buffer = Buffer.allocUnsafe(total);
    let offset = 0;
    for (const { payloads, firstRevision } of group) {
      if (payloads.length === 0) continue;
      offset = writeBatch(buffer, offset, { payloads, firstRevision, durableRevision: this.#durable });
    }
    return buffer;
  }

  #fail(group: readonly WaitingAppend[], cause: unknown): void {
    const message = 'the journal could not be written; it takes no more until it has recovered';
    const failure = new BacksideError('unavailable', message, { cause });
    if (!this.#closed) this.#refusal = failure;
    this.#failed = true;
    for (const append of [...group, ...this.#waiting]) append.settle(failure);
    this.#waiting = [];
    this.#sink.failed();
  }
}

function settled(outcome: Promise<AppendOutcome>): Append {
  const both = watched(outcome);
  return { accepted: both, durable: both };
}

/** A promise whose rejection does not end the process: the caller may watch the other promise of the append only. */
function watched<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
