import type { Socket } from 'node:net';
import { linger } from './linger.js';
import type { CloseReason, Transport, TransportEvents } from './transport.js';

const KEEP_ALIVE_MS = 60_000;

/** STOMP directly over a TCP or TLS socket. A client may end its sending side and still be answered. */
export class TcpTransport implements Transport {
  readonly framing = 'none';
  readonly remoteAddress: string;
  readonly #socket: Socket;
  #events: TransportEvents | null = null;
  #closing = false;
  #awaitsDrain = false;

  /** Takes over a connected socket. */
  constructor(socket: Socket) {
    this.#socket = socket;
    this.remoteAddress = socket.remoteAddress ?? '';
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  start(events: TransportEvents): void {
    this.#events = events;
    this.#socket
      .on('data', (octets) => events.received(octets))
      .on('end', () => events.peerEnded())
      .on('error', () => this.#socket.destroy())
      .on('close', () => events.closed());
  }

  write(octets: Uint8Array): void {
    if (this.#closing || !this.#socket.writable) return;
    if (!this.#socket.write(octets) && !this.#awaitsDrain) this.#awaitDrain();
  }

  #awaitDrain(): void {
    this.#awaitsDrain = true;
    this.#socket.once('drain', () => {
      this.#awaitsDrain = false;
      this.#events?.drained();
    });
  }

  limitMessages(): void {}

  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
  }

  close(reason: CloseReason): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#socket.end();
    if (!this.#socket.destroyed) linger(this, reason);
  }

  destroy(): void {
    this.#closing = true;
    this.#socket.destroy();
  }
}
