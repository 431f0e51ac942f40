import type { Notice, NoticeHandler } from '@backside/notifier';
import { BacksideError, type Commit } from '@backside/protocol';
import { AppendPace } from './append-pace.js';
import type { DatabaseOptions } from './database-options.js';
import { Follower } from './follower.js';
import { JournalPoll } from './journal-poll.js';
import { JournalReach } from './journal-reach.js';
import { publishTurnNews, turnNewsOf, turnTopic } from './turn-request.js';

/** Between two tries to hear the notices of a broker that is out of reach, in milliseconds. */
const SUBSCRIBE_RETRY_MS = 1_000;
/** So many times its usual patience a node that starts has with the journal: nobody waits for that node yet, and without an answer it is of no use. */
const START_TIMES = 15;

/** How this node stands with the others. */
export interface PeerStats {
  /** Whether the journal answers. */
  readonly reachable: boolean;
  /** See `Database.staleness`. */
  readonly staleMs: number | null;
  /** Revisions of the journal that this node knows of and has not applied yet. */
  readonly lag: number;
  /** For how long it has not been level with the journal for certain, in milliseconds; 0 if it neither lags nor is stale. */
  readonly lagMs: number;
  /** Null where the notifier does not reach other machines. */
  readonly broker: { readonly up: boolean; readonly dropped: number } | null;
  /** How often this node asked the others for a turn to append, and gave one. */
  readonly turnsAsked: number;
  readonly turnsGiven: number;
}

export interface PeersOptions
  extends Pick<
    DatabaseOptions,
    'name' | 'journal' | 'notifier' | 'logger' | 'now' | 'sleep' | 'random' | 'nodeId' | 'onLost'
  > {
  readonly patienceMs: number;
  readonly revision: () => number;
  readonly apply: (commits: readonly Commit[]) => void;
}

/** What this node has to do with the others that serve its database: it follows them, and shares the journal with them. */
export class Peers {
  readonly reach: JournalReach;
  readonly follower: Follower;
  readonly pace: AppendPace;
  readonly #options: PeersOptions;
  readonly #shared: boolean;
  readonly #poll: JournalPoll;
  readonly #unsubscribes: (() => Promise<void>)[] = [];
  #endTelling: (() => void) | undefined;
  #closed = false;

  constructor(options: PeersOptions) {
    const { journal, notifier, name } = options;
    this.#options = options;
    this.#shared = journal.supports.sharedBetweenNodes;
    this.reach = new JournalReach({ ...options, remote: this.#shared });
    this.follower = new Follower({ ...options, reach: this.reach, lost: (error) => options.onLost?.(error) });
    this.#poll = new JournalPoll({ ...options, follower: this.follower, reach: this.reach });
    this.pace = new AppendPace({
      ...options,
      tell: (news) => publishTurnNews(notifier, name, news),
      isHeard: () => !this.#shared || notifier.state.up,
    });
  }

  /** Begins to follow; resolves once this node is level with the journal. Rejects with `unavailable` if that does not answer, and as `Follower.open` does. */
  async open(): Promise<void> {
    const { journal } = this.#options;
    await this.#subscribe();
    this.#endTelling = journal.onHead?.(this.follower.told);
    await this.follower.open(await this.reach.ask(() => journal.head(), START_TIMES));
    if (!this.#shared) return;
    this.reach.levelAsOf(this.#options.now());
    void this.#poll.run();
  }

  /** A broker that is down only delays: nodes that share a journal poll it meanwhile. */
  async #subscribe(): Promise<void> {
    try {
      await this.#subscribeOnce();
    } catch (error) {
      if (!this.#shared || !(error instanceof BacksideError) || error.code !== 'unavailable') throw error;
      this.#options.logger.warn({ err: error }, 'the notices of other nodes cannot be heard; the journal is polled');
      void this.#subscribeLater();
    }
  }

  async #subscribeOnce(): Promise<void> {
    const { name } = this.#options;
    if (this.#unsubscribes.length === 0) await this.#hear(name, this.follower.receive);
    if (this.#shared) await this.#hear(turnTopic(name), this.#toldOfTurns);
  }

  async #hear(topic: string, handler: NoticeHandler): Promise<void> {
    const unsubscribe = await this.#options.notifier.subscribe(topic, handler);
    if (this.#closed) await unsubscribe();
    else this.#unsubscribes.push(unsubscribe);
  }

  async #subscribeLater(): Promise<void> {
    const { sleep, logger } = this.#options;
    while (!this.#closed) {
      await sleep(SUBSCRIBE_RETRY_MS);
      try {
        if (!this.#closed) await this.#subscribeOnce();
        if (!this.#closed) await this.follower.look(); // what was published before was not heard
        return;
      } catch (error) {
        logger.warn({ err: error }, 'the notices of other nodes still cannot be heard');
      }
    }
  }

  readonly #toldOfTurns = ({ commits }: Notice): void => {
    for (const commit of commits) {
      const news = turnNewsOf(commit);
      if (news !== null) this.pace.told(news);
    }
  };

  /** See `Database.refresh`. */
  async refresh(): Promise<void> {
    if (this.#shared) await this.follower.refresh();
  }

  stats(): PeerStats | null {
    if (!this.#shared) return null;
    const { reach, follower, pace } = this;
    const { notifier } = this.#options;
    const { lag } = follower;
    return {
      reachable: !reach.lost,
      staleMs: reach.staleness(),
      lag,
      lagMs: reach.lost || lag > 0 ? reach.sinceLevel() : 0,
      broker: notifier.betweenNodes ? notifier.state : null,
      turnsAsked: pace.asked,
      turnsGiven: pace.given,
    };
  }

  /** Follows no longer. */
  async close(): Promise<void> {
    this.#closed = true;
    this.follower.close();
    this.#poll.close();
    this.#endTelling?.();
    for (const unsubscribe of this.#unsubscribes.splice(0)) await unsubscribe();
  }
}
