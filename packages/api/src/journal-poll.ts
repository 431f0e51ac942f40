import type { NotifierState } from '@backside/notifier';
import type { Follower } from './follower.js';
import type { JournalReach } from './journal-reach.js';

/** How often the head of a shared journal is asked for while notices come, in milliseconds. */
const CALM_MS = 1_000;
/** The same while nothing else would tell, or the journal does not answer. */
const ALERT_MS = 250;
/** How much of that a poll may come earlier or later, so that nodes do not ask in step. */
const SPREAD = 0.2;
/** Polls that stay frequent after one that found what no notice had told of. */
const WARY_POLLS = 40;

export interface JournalPollOptions {
  readonly follower: Pick<Follower, 'look' | 'news'>;
  readonly reach: Pick<JournalReach, 'doubted'>;
  readonly notifier: { readonly state: NotifierState };
  readonly sleep: (ms: number) => Promise<void>;
  readonly random: () => number;
}

/** Asks a shared journal for its head now and then, for notices are hints that may be lost, and often while there are none. */
export class JournalPoll {
  readonly #options: JournalPollOptions;
  #wary = 0;
  #closed = false;

  constructor(options: JournalPollOptions) {
    this.#options = options;
  }

  /** Polls until `close`. */
  async run(): Promise<void> {
    const { follower, sleep, random } = this.#options;
    while (!this.#closed) {
      const { news } = follower;
      await sleep(this.#pauseMs() * (1 - SPREAD / 2 + SPREAD * random()));
      if (this.#closed) return;
      const missing = await follower.look();
      const untold = missing && follower.news === news;
      this.#wary = untold ? WARY_POLLS : Math.max(0, this.#wary - 1);
    }
  }

  #pauseMs(): number {
    const { reach, notifier } = this.#options;
    return reach.doubted || !notifier.state.up || this.#wary > 0 ? ALERT_MS : CALM_MS;
  }

  close(): void {
    this.#closed = true;
  }
}
