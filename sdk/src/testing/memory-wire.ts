import type { CloseReason, Transport, TransportEvents } from '@backside/proxy';
import type { Socket } from '../link/socket.js';

/** A connection within the process: to a client it is a socket, to the proxy of a server a transport. Octets arrive a turn later. */
export class MemoryWire implements Socket, Transport {
  readonly framing = 'none';
  readonly remoteAddress = 'memory';
  readonly queuedBytes = 0;
  onOpen: (() => void) | null = null;
  onData: ((data: Uint8Array | string) => void) | null = null;
  onClose: Socket['onClose'] = null;
  /** What the client has sent, as text. */
  sentByClient = '';
  #server: TransportEvents | null = null;
  #frozen = false;
  #over = false;

  /** Begins to be connected by `accept`, which hands it to a proxy; null if nobody listens there. */
  constructor(accept: ((wire: MemoryWire) => void) | null) {
    setImmediate(() => {
      if (accept === null) return this.cut('connection refused');
      if (this.#over) return;
      accept(this);
      this.onOpen?.();
    });
  }

  /** The connection breaks: both sides learn of it, and what was under way is lost. */
  cut(reason = 'cut', tooLong = false): void {
    if (this.#over) return;
    this.#over = true;
    setImmediate(() => {
      this.onClose?.(reason, tooLong);
      this.#server?.closed();
    });
  }

  /** From now on nothing arrives in either direction, and nobody is told. */
  freeze(): void {
    this.#frozen = true;
  }

  // The client's side

  send(data: Uint8Array | string): void {
    if (this.#over || this.#frozen) return;
    const octets = typeof data === 'string' ? Buffer.from(data) : Buffer.from(data);
    this.sentByClient += octets.toString();
    setImmediate(() => {
      if (!this.#over) this.#server?.received(octets);
    });
  }

  // The server's side

  start(events: TransportEvents): void {
    this.#server = events;
  }

  write(octets: Uint8Array): void {
    if (this.#over || this.#frozen) return;
    const copy = Buffer.from(octets);
    setImmediate(() => {
      if (!this.#over) this.onData?.(copy);
    });
  }

  /** Of either side: what was sent before still arrives. */
  close(reason: CloseReason = 'done'): void {
    if (!this.#frozen) setImmediate(() => this.cut(reason));
  }

  destroy(): void {
    this.cut('destroyed');
  }

  limitMessages(): void {}
  pauseReading(): void {}
  resumeReading(): void {}
}
