import type { CloseReason, Framing, Transport, TransportEvents } from './transport.js';

/** A connection within the process, for tests: the client's side is the methods that begin with `client`. */
export class MemoryTransport implements Transport {
  readonly framing: Framing = 'none';
  readonly remoteAddress: string;
  /** Octets that the client has not read; stays 0 unless it has stopped reading. */
  queuedBytes = 0;
  readingPaused = false;
  closeReason: CloseReason | null = null;
  destroyed = false;
  readonly #received: Uint8Array[] = [];
  #clientReads = true;
  #events: TransportEvents | null = null;

  constructor(remoteAddress = 'memory') {
    this.remoteAddress = remoteAddress;
  }

  start(events: TransportEvents): void {
    this.#events = events;
  }

  write(octets: Uint8Array): void {
    if (this.closeReason !== null) return;
    this.#received.push(octets);
    if (!this.#clientReads) this.queuedBytes += octets.byteLength;
  }

  limitMessages(): void {}

  pauseReading(): void {
    this.readingPaused = true;
  }

  resumeReading(): void {
    this.readingPaused = false;
  }

  close(reason: CloseReason): void {
    if (this.closeReason !== null) return;
    this.closeReason = reason;
    queueMicrotask(() => this.#events?.closed());
  }

  destroy(): void {
    this.destroyed = true;
    this.close('done');
  }

  clientSends(octets: Uint8Array | string): void {
    this.#events?.received(typeof octets === 'string' ? Buffer.from(octets) : octets);
  }

  /** The client ends its sending side. */
  clientEnds(): void {
    this.#events?.peerEnded();
  }

  /** The connection breaks. */
  clientVanishes(): void {
    this.close('done');
  }

  /** What the client has got since the last call. */
  clientTakes(): Buffer {
    return Buffer.concat(this.#received.splice(0));
  }

  clientStopsReading(): void {
    this.#clientReads = false;
  }

  clientReadsAgain(): void {
    this.#clientReads = true;
    this.queuedBytes = 0;
    this.#events?.drained();
  }
}
