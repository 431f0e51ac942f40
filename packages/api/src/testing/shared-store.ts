import { BacksideError, type Commit } from '@backside/protocol';
import { type Append, type AppendOutcome, createMemoryJournal, type Journal } from '@backside/store';
import type { SimulatedTime } from './simulated-time.js';

/** How a node's way to the store is: it works, refuses every call, or leaves every call unanswered until it changes. */
export type LinkState = 'up' | 'refused' | 'frozen';

/** One node's journal on a store that it shares with others, and the way there. */
export interface StoreLink {
  readonly journal: Journal;
  state: LinkState;
  /** From here to the store and back, in milliseconds. */
  roundTripMs: number;
  /** The next so many appends arrive, but their answers are lost. */
  loseAnswers: number;
  /** Calls that have arrived so far, by name. */
  readonly calls: { head: number; append: number; commits: number };
}

/** Between the looks of an append that waits for another one, in milliseconds; the last one for all further looks. */
const PAUSES_MS = [1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100];

/** A store in memory that several nodes reach over links of their own, on which time passes, calls fail, and answers are lost. */
export class SharedStore {
  readonly journal: Journal;
  /** How long an append takes, during which no other one can begin, in milliseconds. */
  appendMs = 0;
  readonly #time: SimulatedTime;
  #busy = false;

  constructor(time: SimulatedTime, epoch = 'history') {
    this.#time = time;
    this.journal = createMemoryJournal({ epoch, keepCommits: 1_000_000 });
  }

  link(roundTripMs = 1): StoreLink {
    return new Link(this, this.#time, roundTripMs);
  }

  /** Waits for other appends as SQLite does: it looks again after pauses that grow, so that who comes meanwhile is first. */
  async append(base: number, commits: readonly Commit[]): Promise<AppendOutcome> {
    if (this.appendMs > 0) {
      for (let look = 0; this.#busy; look += 1)
        await this.#time.sleep(PAUSES_MS[Math.min(look, PAUSES_MS.length - 1)]!);
      this.#busy = true;
      await this.#time.sleep(this.appendMs);
      this.#busy = false;
    }
    return this.journal.append(base, commits).durable;
  }
}

class Link implements StoreLink {
  readonly journal: Journal;
  #state: LinkState = 'up';
  /** Calls that wait for the link to change. */
  readonly #frozen: (() => void)[] = [];
  roundTripMs: number;
  loseAnswers = 0;
  readonly calls: StoreLink['calls'] = { head: 0, append: 0, commits: 0 };
  readonly #store: SharedStore;
  readonly #time: SimulatedTime;
  /** The append before, which the next one does not overtake. */
  #last: Promise<unknown> = Promise.resolve();
  /** Appends that were sent before a conflict or a failure was known here share its fate. */
  #generation = 0;
  #refused = -1;

  constructor(store: SharedStore, time: SimulatedTime, roundTripMs: number) {
    const { journal } = store;
    this.#store = store;
    this.#time = time;
    this.roundTripMs = roundTripMs;
    this.journal = {
      supports: { durability: 'none', sharedBetweenNodes: true },
      epoch: journal.epoch,
      head: () => this.#call('head', () => journal.head()),
      first: () => this.#call('head', () => journal.first()),
      append: (base, commits) => this.#append(base, commits),
      commits: (after) => this.#read(after),
      trim: async () => {},
      close: async () => {},
    };
  }

  get state(): LinkState {
    return this.#state;
  }

  set state(state: LinkState) {
    this.#state = state;
    if (state !== 'frozen') for (const goOn of this.#frozen.splice(0)) goOn();
  }

  async #call<Answer>(name: keyof StoreLink['calls'], make: () => Promise<Answer>): Promise<Answer> {
    await this.#way();
    this.calls[name] += 1;
    const answer = await make();
    if (name === 'append' && this.loseAnswers > 0) {
      this.loseAnswers -= 1;
      return new Promise(() => {});
    }
    await this.#way();
    return answer;
  }

  /** One way; throws if the link refuses, and takes as long as it is frozen. */
  async #way(): Promise<void> {
    this.#refuse('connection refused');
    await this.#time.sleep(this.roundTripMs / 2);
    if (this.#state === 'frozen') await new Promise<void>((resolve) => this.#frozen.push(resolve));
    this.#refuse('connection reset');
  }

  #refuse(message: string): void {
    if (this.#state === 'refused') throw new BacksideError('unavailable', message);
  }

  #append(base: number, commits: readonly Commit[]): Append {
    const generation = this.#generation;
    const outcome = this.#call('append', () => {
      const arrived = this.#last.then(() => this.#arrive(generation, base, commits));
      this.#last = arrived.catch(() => undefined);
      return arrived;
    });
    const told = (): void => {
      this.#refused = generation;
      this.#generation = Math.max(this.#generation, generation + 1);
    };
    outcome.then((answer) => answer.status === 'revision-conflict' && told(), told);
    return { accepted: outcome, durable: outcome };
  }

  async #arrive(generation: number, base: number, commits: readonly Commit[]): Promise<AppendOutcome> {
    if (generation === this.#refused) return { status: 'revision-conflict', head: await this.#store.journal.head() };
    const outcome = await this.#store.append(base, commits);
    if (outcome.status === 'revision-conflict') this.#refused = generation;
    return outcome;
  }

  async *#read(after: number): AsyncGenerator<readonly Commit[]> {
    const batches = await this.#call('commits', async () => this.#store.journal.commits(after));
    yield* batches;
  }
}
