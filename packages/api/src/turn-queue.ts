import type { TurnRequest } from './turn-request.js';

/** The longest turn that anybody is given, in milliseconds. */
const MAX_TURN_MS = 500;

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
}

interface Turn {
  readonly node: string;
  /** Ends the wait of this node, if it is another one's turn. */
  readonly release: () => void;
}

/**
 * Who may append. Normally everybody; but nodes that asked for a turn get one, the one that has waited longest first, and meanwhile all
 * others hold back: until its commit is seen, or the time that it asked for is over. Every node keeps this queue for itself, from the same
 * requests and commits, so that all come to nearly the same order without agreeing on it. An error costs time and nothing else.
 */
export class TurnQueue {
  readonly #options: TurnQueueOptions;
  readonly #waiting = new Map<string, Waiting>();
  #turn: Turn | null = null;
  #hold: Promise<void> | null = null;
  /** Turns of others in which this node held back. */
  given = 0;

  constructor(options: TurnQueueOptions) {
    this.#options = options;
  }

  /** Resolves when the turn of another node is over; null if it is no other's. */
  get hold(): Promise<void> | null {
    return this.#hold;
  }

  has(node: string): boolean {
    return this.#waiting.has(node);
  }

  /** A node, this one or another, asks for a turn. */
  add({ node, waitedMs, forMs }: TurnRequest): void {
    const since = this.#waiting.get(node)?.since ?? this.#options.now() - waitedMs;
    this.#waiting.set(node, { node, since, forMs: Math.min(forMs, MAX_TURN_MS) });
    if (this.#turn === null) this.#begin();
  }

  /** A commit of `node` is in the journal. */
  appended(node: string): void {
    if (this.#turn?.node === node) this.#end(this.#turn);
    else if (this.#waiting.size > 0) this.#waiting.delete(node);
  }

  #begin(): void {
    const first = this.#first();
    if (first === null) return;
    const { sleep, nodeId } = this.#options;
    let release = (): void => {};
    if (first.node !== nodeId) {
      this.given += 1;
      this.#hold = new Promise((resolve) => {
        release = resolve;
      });
    }
    const turn = { node: first.node, release };
    this.#turn = turn;
    void sleep(first.forMs).then(() => this.#end(turn));
  }

  #end(turn: Turn): void {
    if (this.#turn !== turn) return;
    this.#turn = null;
    this.#hold = null;
    this.#waiting.delete(turn.node);
    this.#begin();
    turn.release();
  }

  #first(): Waiting | null {
    let first: Waiting | null = null;
    for (const waiting of this.#waiting.values()) {
      if (first === null || waiting.since < first.since || (waiting.since === first.since && waiting.node < first.node))
        first = waiting;
    }
    return first;
  }
}
