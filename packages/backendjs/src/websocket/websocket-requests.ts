import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { pathOf } from '@backside/auth';
import type { Logger } from '@backside/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import type { LegacyAnswer } from '../http/answer.js';
import { carriedBy, type RequestOrigin } from '../http/http-request.js';
import type { LegacyRequest } from '../http/legacy-request.js';
import { carriedHeaders } from './frame-request.js';
import { RequestSocket } from './request-socket.js';

const MAX_FRAME_BYTES = 64 * 1024;
const MAX_CONNECTIONS = 10_000;
const BEAT_MS = 30_000;
const GOODBYE_MS = 2_000;
const GOING_AWAY = 1001;

export interface WebsocketRequestsOptions extends RequestOrigin {
  /** Where websockets are taken, now. */
  readonly path: () => string;
  readonly dispatch: (request: LegacyRequest) => Promise<LegacyAnswer>;
  readonly logger: Logger;
  /** Milliseconds between two signs of life that are asked for; default 30 s. */
  readonly beatMs?: number;
}

/** Requests by websocket: each text frame is `/path?query`, a GET with the headers of the upgrade. */
export class WebsocketRequests {
  readonly #options: WebsocketRequestsOptions;
  readonly #sockets = new Set<RequestSocket>();
  readonly #server: WebSocketServer = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });
  #beats: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: WebsocketRequestsOptions) {
    this.#options = options;
  }

  /** Open connections. */
  get size(): number {
    return this.#sockets.size;
  }

  /** Takes the socket if the upgrade is to the configured path; false leaves it untouched. */
  upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    if (pathOf(message.url ?? '') !== this.#options.path()) return false;
    if (this.#closed || this.#sockets.size >= MAX_CONNECTIONS) refuse(socket, 503);
    else this.#server.handleUpgrade(message, socket, head, (websocket) => this.#add(message, websocket));
    return true;
  }

  /** Ends all connections; those that do not say goodbye in time are cut. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#beats !== null) clearInterval(this.#beats);
    for (const socket of this.#sockets) socket.close(GOING_AWAY, 'shutting down');
    const late = setTimeout(() => this.#cut(), GOODBYE_MS);
    await Promise.all(Array.from(this.#sockets, (socket) => socket.closed));
    clearTimeout(late);
  }

  #cut(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  #add(message: IncomingMessage, websocket: WebSocket): void {
    const { dispatch, logger } = this.#options;
    const { headers, address, secure } = carriedBy(message, this.#options);
    const carrier = { headers: carriedHeaders(headers), address, secure };
    const socket = new RequestSocket(websocket, { carrier, dispatch, logger });
    this.#sockets.add(socket);
    websocket.once('close', () => this.#sockets.delete(socket));
    this.#beats ??= setInterval(() => this.#beat(), this.#options.beatMs ?? BEAT_MS).unref();
  }

  #beat(): void {
    for (const socket of this.#sockets) socket.beat();
  }
}

function refuse(socket: Duplex, status: number): void {
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
