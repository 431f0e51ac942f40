import type { BacksideError } from '@backside/protocol';

/** The answer to one client frame. */
export class Reply {
  next: Reply | null = null;
  settled = false;
  /** What to send; null if the client asked for no receipt. */
  octets: Uint8Array | null = null;
  /** Why this answer is the last one. */
  failure: BacksideError | null = null;
  /** For a failure: the receipt that the frame had asked for. */
  receipt: string | undefined = undefined;
  /** Whether the connection ends in peace after this answer. */
  goodbye = false;
}

/**
 * Keeps answers in the order of the frames they belong to, however the work behind them completes. Settling an answer
 * gives it, and those behind it that are settled, as soon as all before it have been given.
 */
export class ReplyQueue {
  readonly #give: (reply: Reply) => void;
  #head: Reply | null = null;
  #tail: Reply | null = null;
  #size = 0;

  constructor(give: (reply: Reply) => void) {
    this.#give = give;
  }

  /** Answers that are not given yet. */
  get size(): number {
    return this.#size;
  }

  /** Takes the next place. */
  expect(): Reply {
    const reply = new Reply();
    if (this.#tail === null) this.#head = reply;
    else this.#tail.next = reply;
    this.#tail = reply;
    this.#size += 1;
    return reply;
  }

  /** Gives the answer when its turn comes, which may be now. */
  settle(reply: Reply): void {
    reply.settled = true;
    while (this.#head?.settled) {
      const head: Reply = this.#head;
      this.#head = head.next;
      if (this.#head === null) this.#tail = null;
      this.#size -= 1;
      this.#give(head);
    }
  }

  /** Forgets all; what is settled later has no effect. */
  clear(): void {
    this.#head = null;
    this.#tail = null;
    this.#size = 0;
  }
}
