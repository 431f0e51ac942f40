import { BacksideError, type Commit } from '@backside/protocol';
import type { Append, AppendOutcome, Journal, JournalSupports } from '@backside/store';
import type { Channel } from './channel.js';
import { type Answer, type CallRequest, packCommits, type Request, unpackCommits } from './messages.js';

/**
 * The journal that `serveJournal` offers at the other end of `channel`. Resolves once the primary has answered. `close` leaves
 * the primary's journal open. Once the channel is lost every call, also one under way, rejects with `unavailable`: such an
 * append may have been stored or not, as with any lost answer.
 */
export async function createIpcJournal(channel: Channel): Promise<Journal> {
  const calls = new Calls(channel);
  const opened = await calls.ask('opened', { kind: 'open' });
  return new IpcJournal(calls, opened);
}

type AnswerOf<Kind extends Answer['kind']> = Answer & { readonly kind: Kind };

/** A call without its number. */
type Unnumbered<Call> = Call extends { readonly id: number } ? Omit<Call, 'id'> : never;

/** Somebody waiting for the answers to one call. */
interface Waiter {
  /** Returns whether a further answer is to come. */
  answer(answer: Answer): boolean;
  reject(error: BacksideError): void;
}

/** Numbers calls and brings their answers home. */
class Calls {
  readonly #channel: Channel;
  readonly #waiters = new Map<number, Waiter>();
  readonly #stopListening: () => void;
  #lastId = 0;
  #refusal: BacksideError | null = null;
  #idle: (() => void) | null = null;

  constructor(channel: Channel) {
    this.#channel = channel;
    this.#stopListening = channel.onMessage((message) => this.#receive(message as readonly Answer[]));
    channel.onClose(() => this.#end(new BacksideError('unavailable', 'the link to the journal is lost')));
  }

  /** Sends a call and hands every answer to `waiter`; returns the number of the call. */
  send(call: Unnumbered<Exclude<Request, { kind: 'stop' }>>, waiter: Waiter): number {
    const id = ++this.#lastId;
    if (this.#refusal !== null) {
      waiter.reject(this.#refusal);
      return id;
    }
    this.#waiters.set(id, waiter);
    try {
      this.#channel.send({ ...call, id });
    } catch (cause) {
      this.#waiters.delete(id);
      waiter.reject(new BacksideError('unavailable', 'the journal cannot be reached', { cause }));
    }
    return id;
  }

  /** Sends a call that has one answer of the given kind. */
  ask<Kind extends Answer['kind']>(kind: Kind, call: Unnumbered<CallRequest>): Promise<AnswerOf<Kind>> {
    return this.askNumbered(kind, call).answer;
  }

  askNumbered<Kind extends Answer['kind']>(kind: Kind, call: Unnumbered<CallRequest>): { id: number; answer: Promise<AnswerOf<Kind>> } {
    let id = 0;
    const answer = new Promise<AnswerOf<Kind>>((resolve, reject) => {
      const accept = (answered: Answer): boolean => {
        if (answered.kind === kind) resolve(answered as AnswerOf<Kind>);
        else reject(new BacksideError('internal', `the journal answered ${answered.kind} instead of ${kind}`));
        return false;
      };
      id = this.send(call, { answer: accept, reject });
    });
    return { id, answer };
  }

  /** Gives up a reading; needs no answer. */
  stop(reading: number): void {
    if (this.#refusal === null) this.#channel.send({ kind: 'stop', reading });
  }

  /** Refuses further calls, waits for the answers to come, and lets go of the channel. */
  async close(): Promise<void> {
    const closed = new BacksideError('unavailable', 'the journal is closed');
    const lost = this.#refusal;
    this.#refusal = lost ?? closed;
    if (this.#waiters.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#stopListening();
  }

  #receive(answers: readonly Answer[]): void {
    for (const answer of answers) {
      const waiter = this.#waiters.get(answer.id);
      if (waiter === undefined) continue;
      if (answer.kind === 'failed') waiter.reject(new BacksideError(answer.code, answer.message));
      else if (waiter.answer(answer)) continue;
      this.#waiters.delete(answer.id);
    }
    if (this.#waiters.size === 0) this.#idle?.();
  }

  #end(error: BacksideError): void {
    this.#refusal = error;
    this.#stopListening();
    for (const waiter of this.#waiters.values()) waiter.reject(error);
    this.#waiters.clear();
    this.#idle?.();
  }
}

class IpcJournal implements Journal {
  readonly supports: JournalSupports;
  readonly epoch: string;
  readonly #calls: Calls;
  /** The highest number of conflicts that the primary has told of. */
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
    const reject = (error: BacksideError): void => {
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
    { outcome, generation }: AnswerOf<'accepted'>,
    append: { accepted: Deferred<AppendOutcome>; durable: Deferred<AppendOutcome> },
  ): boolean {
    this.#generation = Math.max(this.#generation, generation);
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
