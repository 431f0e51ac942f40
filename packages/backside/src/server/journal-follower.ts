import { Follower, type FollowerOptions, JournalPoll, JournalReach } from '@backside/api';
import type { NotifierState } from '@backside/notifier';

export interface JournalFollowerOptions extends Omit<FollowerOptions, 'reach'> {
  readonly notifier: { readonly state: NotifierState };
  /** How long the journal may leave this process without an answer, in milliseconds. */
  readonly patienceMs: number;
  readonly random: () => number;
}

/** Has a primary take what other nodes append to a shared journal, as a `Database` does: as they tell of it, and from the journal. */
export class JournalFollower extends Follower {
  readonly #poll: JournalPoll;

  constructor(options: JournalFollowerOptions) {
    const reach = new JournalReach({ ...options, remote: true });
    super({ ...options, reach });
    this.#poll = new JournalPoll({ ...options, follower: this, reach });
    void this.#poll.run();
  }

  override close(): void {
    this.#poll.close();
    super.close();
  }
}
