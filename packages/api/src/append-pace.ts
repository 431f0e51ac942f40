import type { Commit } from '@backside/protocol';
import { TurnQueue, type TurnQueueOptions } from './turn-queue.js';
import type { TurnRequest } from './turn-request.js';

/** Conflicts in a row after which a node asks the others to let it append, or after one for so long, in milliseconds. */
const REFUSALS_BEFORE_ASKING = 3;
const REFUSED_BEFORE_ASKING_MS = 100;
/** After a turn that took so long a node does not ask for so many times as long, in which all append as they can. */
const FREE_TIMES = 2;
/** A turn has room for finding out what was missed, appending, and telling the others, in appends; and no less than that. */
const TURN_APPENDS = 4;
const MIN_TURN_MS = 20;
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
  readonly ask: (request: TurnRequest) => void;
  /** Whether nodes can hear what others ask for. */
  readonly isHeard: () => boolean;
}

/**
 * When this node may append, where others do as well. Who is refused again and again, because its way to the journal is longer or by bad
 * luck, asks the others to hold back for it; writes gather to larger batches meanwhile. Where nobody can ask, all rest now and
 * then at the same place in the order of commits, so that the slowest gets in. A node that meets no other is never held up.
 */
export class AppendPace {
  readonly #options: AppendPaceOptions;
  readonly #turns: TurnQueue;
  #refusals = 0;
  #refusedSince = 0;
  #heldSince: number | null = null;
  /** When this node asked for the turn that it has not had yet. */
  #askedAt: number | null = null;
  #mayAskAt = 0;
  #appendMs = 0;
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

  /** How often this node has given others a turn. */
  get given(): number {
    return this.#turns.given;
  }

  /**
   * Resolves when it is worth looking again whether this node may append; null if it may. Who asks has something to append: if it has
   * waited for a whole turn and would for another one, it joins the queue.
   */
  pause(): Promise<void> | null {
    const { hold } = this.#turns;
    if (hold === null) {
      this.#heldSince = null;
      return this.#restNow();
    }
    const { nodeId, now } = this.#options;
    if (this.#heldSince === null) this.#heldSince = now();
    else if (!this.#turns.has(nodeId) && now() >= this.#mayAskAt) this.#ask(this.#heldSince);
    return hold;
  }

  /** An append that began at `startedAt` was stored. */
  appended(startedAt: number): void {
    this.#measure(startedAt);
    this.#refusals = 0;
    if (this.#askedAt === null) return;
    const now = this.#options.now();
    this.#mayAskAt = now + FREE_TIMES * (now - this.#askedAt);
    this.#askedAt = null;
  }

  /** An append that began at `startedAt` met a conflict. */
  refused(startedAt: number): void {
    this.#measure(startedAt);
    this.#refusals += 1;
    if (this.#refusals === 1) this.#refusedSince = startedAt;
    const now = this.#options.now();
    if (this.#isStarving && now >= this.#mayAskAt) this.#ask(this.#refusedSince);
    else if (this.#refusals > 1) this.#restUntil = now + this.#options.random() * this.#backoffMs();
  }

  /** Another node asks for a turn. */
  requested(request: TurnRequest): void {
    if (request.node !== this.#options.nodeId) this.#turns.add(request);
  }

  /** The next commit in the order, by whomever. */
  committed({ origin, time }: Commit): void {
    this.#turns.appended(origin);
    const last = this.#lastCommitAt;
    const closely = time - last < REST_MS;
    const crosses = Math.floor(time / STREAK_MS) > Math.floor(last / STREAK_MS);
    // Clocks that differ a little do not cross the same place twice.
    this.#lastCommitAt = Math.abs(time - last) > MAX_SKEW_MS ? time : Math.max(last, time);
    if (!closely || !crosses || this.#options.isHeard()) return;
    this.#quietUntil = this.#options.now() + Math.max(REST_MS, TURN_APPENDS * this.#appendMs);
  }

  get #isStarving(): boolean {
    if (this.#refusals === 0 || this.#refusals >= REFUSALS_BEFORE_ASKING) return this.#refusals > 0;
    return this.#options.now() - this.#refusedSince > REFUSED_BEFORE_ASKING_MS;
  }

  #ask(since: number): void {
    const { ask, nodeId, now } = this.#options;
    const waitedMs = Math.max(0, now() - since);
    const request = { node: nodeId, waitedMs, forMs: Math.max(MIN_TURN_MS, TURN_APPENDS * this.#appendMs) };
    this.asked += 1;
    this.#askedAt ??= now();
    this.#turns.add(request);
    ask(request);
  }

  #backoffMs(): number {
    return this.#appendMs * Math.min(MAX_BACKOFF_APPENDS, 2 ** (this.#refusals - 2));
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
