import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { linger } from './linger.js';
import type { CloseReason, Framing, Transport, TransportEvents } from './transport.js';

/** Close codes of RFC 6455, 7.4.1. */
const CLOSE_CODES: ReadonlyMap<CloseReason, number> = new Map<CloseReason, number>([
  ['done', 1000],
  ['shutting-down', 1001],
  ['invalid-frame', 1002],
  ['invalid-header', 1002],
  ['missing-header', 1002],
  ['unexpected-frame', 1002],
  ['unsupported-version', 1002],
  ['too-large', 1009],
  ['internal', 1011],
  ['unavailable', 1011],
]);
const POLICY_VIOLATION = 1008;

/**
 * STOMP in websocket messages. Incoming messages may cut frames anywhere; each outgoing one is a whole frame. What is
 * written already has its websocket header and goes straight to the socket, unless the connection is compressed.
 */
export class WebsocketTransport implements Transport {
  readonly framing: Framing;
  readonly remoteAddress: string;
  readonly #websocket: WebSocket;
  readonly #socket: Socket;
  #closing = false;

  /** Takes over an open websocket and the socket below it. */
  constructor(websocket: WebSocket, socket: Socket) {
    this.#websocket = websocket;
    this.#socket = socket;
    this.remoteAddress = socket.remoteAddress ?? '';
    this.framing = websocket.extensions === '' ? 'websocket' : 'message';
  }

  get queuedBytes(): number {
    return this.framing === 'websocket' ? this.#socket.writableLength : this.#websocket.bufferedAmount;
  }

  start(events: TransportEvents): void {
    this.#websocket
      .on('message', (octets) => events.received(octets as Buffer))
      .on('error', () => {
        // Framing, UTF-8 or size: ws closes with the code for it, and `close` follows.
        this.#closing = true;
        linger(this, 'done');
      })
      .on('close', () => events.closed());
    this.#socket.on('drain', () => events.drained());
  }

  write(octets: Uint8Array): void {
    if (this.#closing || this.#websocket.readyState !== this.#websocket.OPEN) return;
    if (this.framing === 'websocket') this.#socket.write(octets);
    else this.#websocket.send(octets, { binary: false });
  }

  pauseReading(): void {
    this.#websocket.pause();
  }

  resumeReading(): void {
    this.#websocket.resume();
  }

  close(reason: CloseReason): void {
    if (this.#closing) return;
    this.#closing = true;
    if (this.#websocket.readyState === this.#websocket.CLOSED) return;
    this.#websocket.close(CLOSE_CODES.get(reason) ?? POLICY_VIOLATION, reason === 'done' ? '' : reason);
    linger(this, reason);
  }

  destroy(): void {
    this.#closing = true;
    this.#websocket.terminate();
  }
}
