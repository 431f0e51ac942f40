import type { Commit } from '@backside/protocol';
import { MAX_WAIT_MS, TURN_MS, TurnQueue, type TurnQueueOptions } from './turn-queue.js';
import type { TurnNews } from './turn-request.js';

/** Conflicts in a row after which a node asks the others to let it append, or after one for so long, in milliseconds. */
const REFUSALS_BEFORE_ASKING = 3;
const REFUSED_BEFORE_ASKING_MS = 100;
/** If the others had to wait for its first commit for longer than a turn is, a node does not ask again for so many times what it was longer. */
const FREE_TIMES = 4;
/** What the others should wait for it has room for finding out what was missed, appending, and telling them, in appends; and no less. */
const WAIT_APPENDS = 8;
const MIN_WAIT_MS = 8;
/** For how long a node that has its turn and nothing to append waits for more, in milliseconds, if an append does not take less. */
const MAX_LINGER_MS = 3;
/** The longest pause after conflicts, in appends. */
const MAX_BACKOFF_APPENDS = 4;
/** Where nobody can ask, all who are not refused rest once in so many milliseconds of commits that follow each other closely. */
const STREAK_MS = 1_000;
const REST_MS = 80;
const MAX_SKEW_MS = 10_000;

export interface AppendPaceOptions extends TurnQueueOptions {
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Tells the other nodes. */
  readonly tell: (news: TurnNews) => void;
  /** Whether nodes can hear what others ask for. */
  readonly isHeard: () => boolean;
}

/**
 * When this node may append, where others do as well. Who is refused again and again, because its way to the journal is longer or by bad
 * luck, or waits for an answer while others commit, asks the others to hold back for it. If that keeps them waiting for long it does not ask
 * again for a while, and stays out of their way meanwhile. Who is held back and has something to append asks as well: so nodes that all
 * write take turns, each of some appends without a conflict, and tell each other when they are done. Where nobody can ask, all rest now
 * and then at the same place in the order of commits, so that the slowest gets in. A node that meets no other is never held up.
 */
export class AppendPace {
  readonly #options: AppendPaceOptions;
  readonly #turns: TurnQueue;
  /** When another node committed last. */
  #otherAt = 0;
  /** Since when an append is under way. */
  #appendingSince: number | null = null;
  #refusals = 0;
  /** Since when this node has been trying in vain. */
  #refusedSince: number | null = null;
  /** Since when this node has been leaving the journal to others, though it has something to append. */
  #heldSince: number | null = null;
  #mayAskAt = 0;
  /** Since when this node has been trying again without a rest, as nobody hears it ask. */
  #pressingSince: number | null = null;
  /** Whether anything of this node waits or is on its way to the journal. */
  #isBusy = false;
  #appendMs = 0;
  #appends = 0;
  #lastCommitAt = 0;
  #restUntil = 0;
  #quietUntil = 0;
  #rest: Promise<void> | null = null;
  /** How often this node has asked for a turn. */
  asked = 0;

  constructor(options: AppendPaceOptions) {
    this.#options = options;
    this.#turns = new TurnQueue(options);
  }

  /** Whether the others hold back for this node. */
  get hasTurn(): boolean {
    return this.#turns.isMine;
  }

  /** How often this node has given others a turn. */
  get given(): number {
    return this.#turns.given;
  }

  /**
   * Resolves when it is worth looking again whether this node may append; null if it may. Who asks has something to append behind what it
   * is writing up to the revision `after`, and joins the queue.
   */
  pause(after: number): Promise<void> | null {
    this.#isBusy = true;
    if (this.#turns.hold === null && !this.#isOthersTime) {
      this.#heldSince = null;
      return this.#restNow();
    }
    this.#heldSince ??= this.#options.now();
    if (this.#mayAsk) this.#ask(this.#heldSince, after);
    const { hold } = this.#turns;
    const restMs = this.#mayAskAt - this.#options.now();
    if (restMs <= 0 || this.#turns.isMine) return hold;
    const rest = this.#options.sleep(Math.min(restMs, TURN_MS));
    return hold === null ? rest : Promise.race([hold, rest]);
  }

  /** From now on the journal has an append of this node to answer. */
  appending(): void {
    this.#appendingSince ??= this.#options.now();
  }

  /** An append that began at `startedAt` was stored. */
  appended(startedAt: number): void {
    this.#measure(startedAt);
    this.#appends += 1;
    const now = this.#options.now();
    this.#refusals = 0;
    this.#refusedSince = null;
    this.#appendingSince = null;
    const heldUpMs = this.#pressingSince === null ? this.#turns.waitedFor : now - this.#pressingSince;
    this.#pressingSince = null;
    if (heldUpMs !== null && heldUpMs > TURN_MS)
      this.#mayAskAt = now + FREE_TIMES * (Math.min(MAX_WAIT_MS, heldUpMs) - TURN_MS);
  }

  /** What became of the appends under way is not known. */
  failed(): void {
    this.#refusedSince = null;
    this.#appendingSince = null;
  }

  /** Nothing of this node is on its way to the journal; nor does anything wait, if it `isIdle`. */
  settled(isIdle: boolean): void {
    this.#isBusy = !isIdle;
    this.#appendingSince = null;
    if (!this.#turns.isMine) return;
    if (this.#turns.isUp) this.#passOn();
    else if (isIdle) void this.#passOnIfIdle();
  }

  /** An append that began at `startedAt` met a conflict; what this node has written ends at the revision `after`. */
  refused(startedAt: number, after: number): void {
    this.#measure(startedAt);
    this.#refusals += 1;
    this.#refusedSince ??= startedAt;
    this.#appendingSince = null;
    const now = this.#options.now();
    if (this.#turns.isMine) return;
    if (this.#isStarving && this.#mayAsk) this.#ask(this.#refusedSince, after);
    else if (this.#isStarving && !this.#options.isHeard() && now >= this.#mayAskAt) this.#pressingSince ??= now;
    else if (this.#refusals > 1) this.#restUntil = now + this.#options.random() * this.#backoffMs();
  }

  /** Another node asks for a turn, or has had it. */
  told(news: TurnNews): void {
    if (news.node === this.#options.nodeId) return;
    if ('over' in news) this.#turns.over(news.node);
    else this.#turns.add(news);
    if (this.#turns.isMine && !this.#isBusy) this.#passOn();
  }

  /** The next commit in the order, by whomever. */
  committed({ origin, time, revision }: Commit): void {
    this.#turns.appended(origin, revision);
    if (origin === this.#options.nodeId) this.#appendingSince = null;
    else this.#overtaken(revision);
    const last = this.#lastCommitAt;
    const closely = time - last < REST_MS;
    const crosses = Math.floor(time / STREAK_MS) > Math.floor(last / STREAK_MS);
    // Clocks that differ a little do not cross the same place twice.
    this.#lastCommitAt = Math.abs(time - last) > MAX_SKEW_MS ? time : Math.max(last, time);
    if (!closely || !crosses || this.#options.isHeard()) return;
    this.#quietUntil = this.#options.now() + Math.max(REST_MS, this.#appendsMs(WAIT_APPENDS));
  }

  /** What this node has under way is refused when another one has committed meanwhile, though a store may tell it much later. */
  #overtaken(revision: number): void {
    this.#otherAt = this.#options.now();
    if (this.#appendingSince === null || this.#turns.isMine) return;
    this.#refusedSince ??= this.#appendingSince;
    if (!this.#isStarving || !this.#mayAsk) return;
    this.#ask(this.#refusedSince, revision);
    this.#appendingSince = null; // it asks once for what is under way
  }

  get #isStarving(): boolean {
    if (this.#refusedSince === null || this.#refusals >= REFUSALS_BEFORE_ASKING) return this.#refusedSince !== null;
    return this.#options.now() - this.#refusedSince > REFUSED_BEFORE_ASKING_MS;
  }

  /** Whether others append in the time that is theirs because they had to wait for this node, or until it has asked again. */
  get #isOthersTime(): boolean {
    const { now, isHeard } = this.#options;
    if (this.#turns.isMine || !isHeard() || now() - this.#otherAt >= TURN_MS) return false;
    return now() < this.#mayAskAt || this.#heldSince !== null;
  }

  #ask(since: number, after: number): void {
    const { tell, nodeId, now } = this.#options;
    const waitedMs = Math.max(0, now() - since);
    // What is under way may come as late again as it has been.
    const lateMs = this.#appendingSince === null ? 0 : now() - this.#appendingSince;
    const forMs = Math.max(MIN_WAIT_MS, this.#appendsMs(WAIT_APPENDS), lateMs);
    const request = { node: nodeId, waitedMs, forMs, after };
    this.asked += 1;
    this.#turns.add(request);
    tell(request);
  }

  /** Whoever was answered a moment ago may have more to write. */
  async #passOnIfIdle(): Promise<void> {
    const appends = this.#appends;
    await this.#options.sleep(Math.min(this.#appendMs, MAX_LINGER_MS));
    if (this.#turns.isMine && !this.#isBusy && this.#appends === appends) this.#passOn();
  }

  #passOn(): void {
    const { tell, nodeId } = this.#options;
    this.#turns.over(nodeId);
    tell({ node: nodeId, over: true });
  }

  get #mayAsk(): boolean {
    const { nodeId, now, isHeard } = this.#options;
    return isHeard() && now() >= this.#mayAskAt && !this.#turns.isMine && !this.#turns.has(nodeId);
  }

  #backoffMs(): number {
    return this.#appendsMs(Math.min(MAX_BACKOFF_APPENDS, 2 ** (this.#refusals - 2)));
  }

  /** How long so many appends take, in milliseconds; no longer than a turn is waited for, whatever the last ones took. */
  #appendsMs(count: number): number {
    return Math.min(MAX_WAIT_MS, count * this.#appendMs);
  }

  #measure(startedAt: number): void {
    const took = Math.max(0, this.#options.now() - startedAt);
    this.#appendMs = this.#appendMs === 0 ? took : this.#appendMs * 0.8 + took * 0.2;
  }

  /** What is left of a rest; null if nothing is. */
  #restNow(): Promise<void> | null {
    const until = this.#isStarving ? this.#restUntil : Math.max(this.#restUntil, this.#quietUntil);
    if (this.#rest !== null || until === 0) return this.#rest;
    const ms = until - this.#options.now();
    if (ms < 1) return null;
    this.#rest = this.#options.sleep(ms).then(() => {
      this.#rest = null;
    });
    return this.#rest;
  }
}
