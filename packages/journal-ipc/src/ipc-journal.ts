import { type BacksideError, type Commit, packCommits, unpackCommits } from '@backside/protocol';
import type { Append, AppendOutcome, Journal, JournalSupports } from '@backside/store';
import { type AnswerOf, Calls } from './calls.js';
import type { Channel } from './channel.js';
import type { AcceptedAnswer, Answer } from './messages.js';

/**
 * The journal that a `SharedJournal` offers at the other end of `channel`. Resolves once the primary has answered. `close` leaves
 * the primary's journal open. Once the channel is lost every call, also one under way, rejects with `unavailable`: such an
 * append may have been stored or not, as with any lost answer.
 */
export async function createIpcJournal(channel: Channel): Promise<Journal> {
  const calls = new Calls(channel);
  const opened = await calls.ask('opened', { kind: 'open' });
  return new IpcJournal(calls, opened);
}

class IpcJournal implements Journal {
  readonly supports: JournalSupports;
  readonly epoch: string;
  readonly #calls: Calls;
  /** The highest number of conflicts and failures that the primary has told of. */
  #generation = 0;

  constructor(calls: Calls, { epoch, supports }: AnswerOf<'opened'>) {
    this.#calls = calls;
    this.epoch = epoch;
    this.supports = { ...supports, sharedBetweenNodes: true };
  }

  async head(): Promise<number> {
    return (await this.#calls.ask('revision', { kind: 'head' })).revision;
  }

  async first(): Promise<number> {
    return (await this.#calls.ask('revision', { kind: 'first' })).revision;
  }

  append(base: number, commits: readonly Commit[]): Append {
    const accepted = deferred<AppendOutcome>();
    const durable = deferred<AppendOutcome>();
    const answer = (received: Answer): boolean => {
      if (received.kind === 'accepted') return this.#accepted(received, { accepted, durable });
      if (received.kind === 'durable') durable.resolve(received.outcome);
      return false;
    };
    const reject = (error: BacksideError, newGeneration = 0): void => {
      this.#generation = Math.max(this.#generation, newGeneration);
      accepted.reject(error);
      durable.reject(error);
    };
    const generation = this.#generation;
    this.#calls.send({ kind: 'append', base, generation, commits: packCommits(commits) }, { answer, reject });
    return { accepted: accepted.promise, durable: durable.promise };
  }

  commits(after: number): AsyncIterable<readonly Commit[]> {
    const head = this.head();
    head.catch(() => undefined); // told to whoever reads, and to nobody if nobody does
    return this.#read(after, head);
  }

  async trim(revision: number): Promise<void> {
    await this.#calls.ask('revision', { kind: 'trim', revision });
  }

  close(): Promise<void> {
    return this.#calls.close();
  }

  #accepted(
    answer: AcceptedAnswer,
    append: { accepted: Deferred<AppendOutcome>; durable: Deferred<AppendOutcome> },
  ): boolean {
    this.#generation = Math.max(this.#generation, answer.generation);
    const outcome = outcomeOf(answer);
    append.accepted.resolve(outcome);
    if (outcome.status === 'appended') return true;
    append.durable.resolve(outcome);
    return false;
  }

  async *#read(after: number, headAtCall: Promise<number>): AsyncGenerator<readonly Commit[], undefined> {
    const head = await headAtCall;
    if (after >= head) return;
    const first = this.#calls.askNumbered('commits', { kind: 'read', after, head });
    let { commits } = await first.answer;
    try {
      while (commits !== null) {
        yield unpackCommits(commits);
        ({ commits } = await this.#calls.ask('commits', { kind: 'next', reading: first.id }));
      }
    } finally {
      if (commits !== null) this.#calls.stop(first.id);
    }
  }
}

function outcomeOf({ outcome: { status, head }, missing }: AcceptedAnswer): AppendOutcome {
  if (status === 'appended') return { status, head };
  return { status, head, ...(missing && { missing: unpackCommits(missing) }) };
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

/** A promise to be settled from outside. Its rejection does not end the process if nobody watches it. */
function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
