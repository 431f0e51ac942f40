import type { Commit } from '@backside/protocol';
import type { Append, AppendOutcome, Journal } from '@backside/store';
import { AppendTurns } from './append-turns.js';
import { RecentCommits } from './recent-commits.js';

/** What all servers of one journal have in common. */
export class OrderedJournal {
  readonly journal: Journal;
  readonly recent: RecentCommits = new RecentCommits();
  readonly turns: AppendTurns<object> = new AppendTurns();
  /** The head with the appends under way; null while it is not known. */
  #head: number | null = null;

  constructor(journal: Journal) {
    this.journal = journal;
  }

  /** Appends for one server, in whose turn it must be. */
  append(server: object, base: number, commits: readonly Commit[]): Append {
    // Its turn begins before the conflict is told, which takes until what came first is on disk.
    if (this.#head !== null && base !== this.#head) this.turns.claim(server);
    const append = this.journal.append(base, commits);
    append.accepted.then(
      (outcome) => this.#accepted(server, outcome),
      () => this.turns.end(server),
    );
    append.durable.then(
      (outcome) => this.#durable(outcome, base, commits),
      () => {
        this.#head = null;
      },
    );
    return append;
  }

  #accepted(server: object, { status, head }: AppendOutcome): void {
    if (status === 'appended') {
      this.#head = head;
      this.turns.end(server);
    } else {
      this.#head ??= head;
      this.turns.claim(server);
      this.turns.tell(server);
    }
  }

  #durable({ status }: AppendOutcome, base: number, commits: readonly Commit[]): void {
    if (status !== 'appended') return;
    this.recent.add(
      base,
      commits.map((commit) => commit.encoded()),
    );
  }
}
