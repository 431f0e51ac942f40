import type { ProxyCounters } from './counters.js';
import { OutChain } from './out-chain.js';
import type { Transport } from './transport.js';

/** Joining more than this costs more than a second write. */
const MAX_JOINED_BYTES = 128 * 1024;

/** Told how the queue of its connection stands. */
export interface PressureListener {
  /** More waits than `softQueueBytes`: events should be held back. */
  congested(): void;
  /** What waited is gone. */
  relieved(): void;
  /** More waits than the connection may ever have waiting. */
  overwhelmed(): void;
}

export interface OutboxLimits {
  readonly softQueueBytes: number;
  readonly hardQueueBytes: number;
}

/** What one connection has to send: collected during a tick and written at once at its end. */
export class Outbox {
  /** When octets were last handed to the transport. */
  lastWriteAt = 0;
  readonly #transport: Transport;
  readonly #writer: TickWriter;
  readonly #pressure: PressureListener;
  #pending: OutChain | null = null;
  #congested = false;
  /** The largest frame since the queue was last empty: a single one may exceed the bounds, a queue of them may not. */
  #largest = 0;

  constructor(transport: Transport, writer: TickWriter, pressure: PressureListener) {
    this.#transport = transport;
    this.#writer = writer;
    this.#pressure = pressure;
  }

  get congested(): boolean {
    return this.#congested;
  }

  /** Octets that the peer's system has not been given yet. */
  get queuedBytes(): number {
    return this.#transport.queuedBytes + (this.#pending?.byteLength ?? 0);
  }

  /** Queues octets that only this connection gets. */
  pushPrivate(octets: Uint8Array): void {
    this.#hold((this.#pending ?? this.#writer.enlist(this)).appendPrivate(octets));
  }

  /** Queues octets that other connections get as well, as the same buffer. */
  pushShared(octets: Uint8Array): void {
    this.#hold((this.#pending ?? this.#writer.enlist(this)).append(octets));
  }

  #hold(pending: OutChain): void {
    this.#pending = pending;
    const { softQueueBytes } = this.#writer.limits;
    if (this.#congested || pending.byteLength <= softQueueBytes) return;
    // Much within one tick does not mean that the peer is slow: whether it is, its system tells by what it takes.
    this.#hand(pending, this.#writer.now());
    this.#pending = this.#writer.nothing; // it stays enlisted
    if (this.#transport.queuedBytes > softQueueBytes) this.#congest();
  }

  #congest(): void {
    this.#congested = true;
    this.#pressure.congested();
  }

  /** Hands what was collected to the transport, and says if too much waits there. */
  flush(now: number): void {
    if (this.#pending !== null && this.#pending.byteLength > 0) this.#hand(this.#pending, now);
    this.#pending = null;
    this.#weigh();
  }

  #hand(pending: OutChain, now: number): void {
    this.lastWriteAt = now;
    if (pending.largest > this.#largest) this.#largest = pending.largest;
    this.#write(pending);
    this.#writer.counters.bytesOut += pending.byteLength;
  }

  #write(pending: OutChain): void {
    if (this.#transport.framing !== 'message' && pending.byteLength <= MAX_JOINED_BYTES) {
      this.#transport.write(pending.joined());
    } else {
      for (const buffer of pending.buffers()) this.#transport.write(buffer);
    }
  }

  #weigh(): void {
    const queued = this.#transport.queuedBytes;
    const { softQueueBytes, hardQueueBytes } = this.#writer.limits;
    if (queued === 0) this.#largest = 0;
    if (queued > hardQueueBytes + this.#largest) this.#pressure.overwhelmed();
    else if (!this.#congested && queued > softQueueBytes) this.#congest();
    else if (this.#congested && queued <= softQueueBytes / 2) this.#relieve();
  }

  /** To be called when the transport has drained. */
  drained(): void {
    this.#largest = 0;
    if (this.#congested) this.#relieve();
  }

  #relieve(): void {
    this.#congested = false;
    this.#pressure.relieved();
  }
}

/**
 * From so many connections on it pays to wait for more: one write system call carries what two would have. Below, or when
 * nothing is on its way, nobody waits.
 */
const WORTH_HOLDING = 64;
/** How long a flush is held back at most, in milliseconds: about what the journal takes for the batch that is under way. */
const HOLD_MS = 1;

/** Writes for all connections at the end of each tick in which one of them has something to send. */
export class TickWriter {
  readonly limits: OutboxLimits;
  readonly counters: ProxyCounters;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  #root = OutChain.root();
  #waiting: Outbox[] = [];

  constructor(limits: OutboxLimits, counters: ProxyCounters, now: () => number) {
    this.limits = limits;
    this.counters = counters;
    this.now = now;
  }

  /** The empty chain of this tick. */
  get nothing(): OutChain {
    return this.#root;
  }

  /** Has the outbox flushed at the end of this tick, or shortly after; returns the empty chain to begin with. */
  enlist(outbox: Outbox): OutChain {
    if (this.#waiting.length === 0) setImmediate(() => this.#tickEnded());
    this.#waiting.push(outbox);
    return this.#root;
  }

  /** Many connections, and writes under way whose events will go to some of them: these may go out with what waits. */
  #tickEnded(): void {
    const more = this.#waiting.length >= WORTH_HOLDING && this.counters.writesInFlight > 0;
    if (more) setTimeout(() => this.flush(), HOLD_MS);
    else this.flush();
  }

  /** Flushes all that wait, now. */
  flush(): void {
    const now = this.now();
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#root = OutChain.root();
    for (const outbox of waiting) outbox.flush(now);
  }
}
