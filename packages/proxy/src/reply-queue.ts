import type { BacksideError } from '@backside/protocol';

/** The answer to one client frame. */
export class Reply {
  /** What the frame that waits for it holds. */
  readonly bytes: number;
  next: Reply | null = null;
  settled = false;
  /** What to send; null if the client asked for no receipt. */
  octets: Uint8Array | null = null;
  /** Why this answer is the last one. */
  failure: BacksideError | null = null;
  /** Whether the connection ends in peace after this answer. */
  goodbye = false;

  constructor(bytes: number) {
    this.bytes = bytes;
  }
}

export interface ReplyGiver {
  /** Called for each answer when its turn has come. */
  give(reply: Reply): void;
}

/**
 * Keeps answers in the order of the frames they belong to, however the work behind them completes. Settling an answer
 * gives it, and those behind it that are settled, as soon as all before it have been given.
 */
export class ReplyQueue {
  readonly #giver: ReplyGiver;
  #head: Reply | null = null;
  #tail: Reply | null = null;
  #size = 0;
  #bytes = 0;

  constructor(giver: ReplyGiver) {
    this.#giver = giver;
  }

  /** Answers that are not given yet. */
  get size(): number {
    return this.#size;
  }

  /** What the frames that wait for them hold. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes the next place, for a frame that holds so many octets. */
  expect(bytes = 0): Reply {
    const reply = new Reply(bytes);
    if (this.#tail === null) this.#head = reply;
    else this.#tail.next = reply;
    this.#tail = reply;
    this.#size += 1;
    this.#bytes += bytes;
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
      this.#bytes -= head.bytes;
      this.#giver.give(head);
    }
  }

  /** Forgets all; what is settled later has no effect. */
  clear(): void {
    this.#head = null;
    this.#tail = null;
    this.#size = 0;
    this.#bytes = 0;
  }
}
