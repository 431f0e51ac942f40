import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
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
 * A websocket that knows its transport, so that all of them share their listeners: there may be very many connections,
 * and most of them idle.
 */
export class TransportWebSocket extends WebSocket {
  transport: WebsocketTransport | null = null;

  /** From now on the size that a message, inflated, may have. ws has no public way to change it on an open websocket. */
  limitMessages(bytes: number): void {
    const { _receiver: receiver, _extensions: extensions } = this as unknown as ReceivingSide;
    receiver._maxPayload = bytes;
    const inflation = extensions['permessage-deflate'];
    if (inflation) inflation._maxPayload = bytes;
  }
}

interface ReceivingSide {
  readonly _receiver: { _maxPayload: number };
  readonly _extensions: { readonly 'permessage-deflate'?: { _maxPayload: number } };
}

function onMessage(this: WebSocket, octets: WebSocket.RawData): void {
  (this as TransportWebSocket).transport?.received(octets as Buffer);
}

function onError(this: WebSocket): void {
  (this as TransportWebSocket).transport?.failed();
}

function onClose(this: WebSocket): void {
  (this as TransportWebSocket).transport?.closed();
}

/**
 * STOMP in websocket messages. Incoming messages may cut frames anywhere; each outgoing one is a whole frame. What is
 * written already has its websocket header and goes straight to the socket, unless the connection is compressed.
 */
export class WebsocketTransport implements Transport {
  readonly framing: Framing;
  readonly remoteAddress: string;
  readonly #websocket: TransportWebSocket;
  readonly #socket: Socket;
  #events: TransportEvents | null = null;
  #closing = false;
  #awaitsDrain = false;

  /** Takes over an open websocket and the socket below it. */
  constructor(websocket: TransportWebSocket, socket: Socket) {
    this.#websocket = websocket;
    this.#socket = socket;
    this.remoteAddress = socket.remoteAddress ?? '';
    this.framing = websocket.extensions === '' ? 'websocket' : 'message';
    websocket.transport = this;
  }

  start(events: TransportEvents): void {
    this.#events = events;
    this.#websocket.on('message', onMessage).on('error', onError).on('close', onClose);
  }

  received(octets: Uint8Array): void {
    this.#events?.received(octets);
  }

  /** Framing, UTF-8 or size: ws closes with the code for it, and `closed` follows. */
  failed(): void {
    this.#closing = true;
    linger(this, 'done');
  }

  closed(): void {
    this.#events?.closed();
  }

  get queuedBytes(): number {
    return this.framing === 'websocket' ? this.#socket.writableLength : this.#websocket.bufferedAmount;
  }

  write(octets: Uint8Array): void {
    if (this.#closing || this.#websocket.readyState !== this.#websocket.OPEN) return;
    if (this.framing === 'message') {
      this.#websocket.send(octets, { binary: false }, () => this.#compressed());
    } else if (!this.#socket.write(octets) && !this.#awaitsDrain) {
      this.#awaitDrain();
    }
  }

  /** Compression queues by itself, before the socket does. */
  #compressed(): void {
    if (this.#websocket.bufferedAmount === 0) this.#events?.drained();
  }

  #awaitDrain(): void {
    this.#awaitsDrain = true;
    this.#socket.once('drain', () => {
      this.#awaitsDrain = false;
      this.#events?.drained();
    });
  }

  limitMessages(bytes: number): void {
    this.#websocket.limitMessages(bytes);
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
