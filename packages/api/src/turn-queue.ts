import type { TurnRequest } from './turn-request.js';

/** How long the others wait for the first commit of a turn at most, in milliseconds, whatever was asked for. */
export const MAX_WAIT_MS = 500;
/** A turn lasts so long, in milliseconds, and in any case until its first commit: what it costs to pass it on is small beside that. */
export const TURN_MS = 12;

export interface TurnQueueOptions {
  readonly nodeId: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

interface Waiting {
  readonly node: string;
  readonly since: number;
  readonly forMs: number;
  readonly after: number;
}

interface Turn extends Waiting {
  readonly beganAt: number;
  /** Null before the first commit of it. */
  firstAt: number | null;
  /** Ends the wait of this node, if it is another one's turn or its own time is up. */
  readonly release: () => void;
  /** Resolves then. */
  readonly over: Promise<void>;
}

/**
 * Who may append. Normally everybody; but nodes that asked for a turn get one, the one that has waited longest first, and meanwhile all
 * others hold back: until it says that it is done, its time is over, or it does not come. Every node keeps this queue for itself, from the same
 * requests and commits, so that all come to nearly the same order without agreeing on it. Where they do not, the journal decides: the turn
 * is of the one whose commit comes first. An error costs time and nothing else.
 */
export class TurnQueue {
  readonly #options: TurnQueueOptions;
  readonly #waiting = new Map<string, Waiting>();
  #turn: Turn | null = null;
  /** Turns of others in which this node held back. */
  given = 0;

  constructor(options: TurnQueueOptions) {
    this.#options = options;
  }

  /** Resolves when this node should look again whether it may append, which it may not now; null if it may. */
  get hold(): Promise<void> | null {
    if (this.#turn === null) return null;
    return !this.isMine || this.isUp ? this.#turn.over : null;
  }

  /** Whether this node has the turn. */
  get isMine(): boolean {
    return this.#turn?.node === this.#options.nodeId;
  }

  /** Whether the time of the turn is up, and somebody else waits. */
  get isUp(): boolean {
    if (this.#turn === null || this.#turn.firstAt === null || this.#waiting.size === 0) return false;
    return this.#options.now() - this.#turn.beganAt >= TURN_MS;
  }

  /** How long the others have waited for the first commit of this node's turn, in milliseconds; null if it has none or has committed. */
  get waitedFor(): number | null {
    if (this.#turn === null || !this.isMine || this.#turn.firstAt !== null) return null;
    return this.#options.now() - this.#turn.beganAt;
  }

  has(node: string): boolean {
    return this.#waiting.has(node);
  }

  /** A node, this one or another, asks for a turn. */
  add({ node, waitedMs, forMs, after }: TurnRequest): void {
    if (this.#turn?.node === node) return;
    const since = this.#waiting.get(node)?.since ?? this.#options.now() - waitedMs;
    const waiting = { node, since, forMs: Math.min(forMs, MAX_WAIT_MS), after };
    this.#waiting.set(node, waiting);
    if (this.#turn === null) this.#begin();
    // Of several that ask at once each has heard itself first.
    else if (this.#turn.firstAt === null && isBefore(waiting, this.#turn)) this.#giveTo(waiting);
  }

  /** A commit of `node` is in the journal. One that it made before it asked may be heard of later than that it asked, and decides nothing. */
  appended(node: string, revision: number): void {
    const asked = this.#turn?.node === node ? this.#turn : this.#waiting.get(node);
    if (asked !== undefined && revision <= asked.after) return;
    const waiting = this.#waiting.get(node);
    if (this.#turn !== null && this.#turn.firstAt === null && waiting !== undefined) this.#giveTo(waiting);
    const turn = this.#turn;
    if (turn?.node !== node) {
      this.#waiting.delete(node);
    } else if (turn.firstAt === null) {
      turn.firstAt = this.#options.now();
      // Those who wait give it time for its last commits, and for telling that it is done.
      this.#endAfter(turn, TURN_MS + turn.forMs);
    }
  }

  /** A node says that its turn is over. */
  over(node: string): void {
    if (this.#turn?.node === node) this.#end(this.#turn);
    else this.#waiting.delete(node);
  }

  #begin(): void {
    const first = this.#first();
    if (first !== null) this.#start(first);
  }

  /** Gives the turn of a node that has not committed to another one; the journal may have decided so. */
  #giveTo(waiting: Waiting): void {
    const instead = this.#turn;
    this.#start(waiting);
    if (instead === null) return;
    this.#waiting.set(instead.node, instead);
    instead.release();
  }

  #start(waiting: Waiting): void {
    const { nodeId, now } = this.#options;
    this.#waiting.delete(waiting.node);
    if (waiting.node !== nodeId) this.given += 1;
    let release = (): void => {};
    const over = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { node, since, forMs, after } = waiting;
    const turn: Turn = { node, since, forMs, after, beganAt: now(), firstAt: null, release, over };
    this.#turn = turn;
    this.#endAfter(turn, forMs, () => turn.firstAt === null);
  }

  #endAfter(turn: Turn, ms: number, stillHolds: () => boolean = () => true): void {
    void this.#options.sleep(ms).then(() => {
      if (stillHolds()) this.#end(turn);
    });
  }

  #end(turn: Turn): void {
    if (this.#turn !== turn) return;
    this.#turn = null;
    this.#begin();
    turn.release();
  }

  #first(): Waiting | null {
    let first: Waiting | null = null;
    for (const waiting of this.#waiting.values()) if (first === null || isBefore(waiting, first)) first = waiting;
    return first;
  }
}

function isBefore(one: Waiting, other: Waiting): boolean {
  return one.since < other.since || (one.since === other.since && one.node < other.node);
}
