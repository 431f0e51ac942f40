import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Server, WebSocketServer } from 'ws';
import type { Envelope } from './encoder.js';
import { TransportWebSocket } from './websocket-transport.js';

/** Which shape bodies have, by path. */
const PATHS: ReadonlyMap<string, Envelope> = new Map<string, Envelope>([
  ['/stomp', 'plain'],
  ['/socks/websocket', 'original'],
]);
/** Where websockets are served. */
export const WEBSOCKET_PATHS: readonly string[] = [...PATHS.keys()];
/** Highest first. */
const SUBPROTOCOLS = ['v12.stomp', 'v11.stomp', 'v10.stomp'];
/** A message may be cut into so many pieces; more would cost more memory than they carry. */
const MAX_FRAGMENTS = 1_024;
const CLOSE_TIMEOUT_MS = 2_000;
const COMPRESSION = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  threshold: 1_024,
  concurrencyLimit: 4,
};

/** ws takes these two, which its type definitions do not name yet. */
interface ReceiverLimits {
  readonly maxFragments: number;
  readonly maxBufferedChunks: number;
}

export interface UpgradeOptions {
  /** The values of `Origin` that may connect, or all of them. Clients that send none, as devices do, always may. */
  readonly allowedOrigins: readonly string[] | '*';
  /** Whether to agree on permessage-deflate. Costs a hundred times the processor time of plain messages. */
  readonly compression: boolean;
  /** The size that a message, inflated, may have. */
  readonly maxMessageBytes: number;
}

/** Turns HTTP upgrade requests into websockets, or refuses them with a status. */
export class Upgrades {
  readonly #options: UpgradeOptions;
  readonly #server: Server<typeof TransportWebSocket>;

  constructor(options: UpgradeOptions) {
    const receiver: ReceiverLimits = { maxFragments: MAX_FRAGMENTS, maxBufferedChunks: 64 * MAX_FRAGMENTS };
    this.#options = options;
    this.#server = new WebSocketServer({
      noServer: true,
      WebSocket: TransportWebSocket,
      clientTracking: false,
      maxPayload: options.maxMessageBytes,
      perMessageDeflate: options.compression ? COMPRESSION : false,
      handleProtocols: chooseSubprotocol,
      ...{ closeTimeout: CLOSE_TIMEOUT_MS },
      ...receiver,
    });
  }

  /** `refusal` is a status to refuse with for reasons of the caller. Calls `accepted` before any message is read. */
  handle(
    upgrade: { request: IncomingMessage; socket: Duplex; head: Buffer; refusal: number | null },
    accepted: (websocket: TransportWebSocket, socket: Socket, envelope: Envelope) => void,
  ): void {
    const { request, socket, head } = upgrade;
    const envelope = PATHS.get(pathOf(request));
    if (envelope === undefined) refuse(socket, 404);
    else if (!this.#mayConnect(request.headers.origin)) refuse(socket, 403);
    else if (upgrade.refusal !== null) refuse(socket, upgrade.refusal);
    else {
      this.#server.handleUpgrade(request, socket, head, (websocket) => accepted(websocket, socket as Socket, envelope));
    }
  }

  #mayConnect(origin: string | undefined): boolean {
    const { allowedOrigins } = this.#options;
    return origin === undefined || allowedOrigins === '*' || allowedOrigins.includes(origin);
  }
}

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '';
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

function chooseSubprotocol(offered: Set<string>): string | false {
  return SUBPROTOCOLS.find((protocol) => offered.has(protocol)) ?? false;
}

function refuse(socket: Duplex, status: number): void {
  socket.on('error', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
