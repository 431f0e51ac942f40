import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { addressBlock, Quotas } from '@backside/auth';
import { BacksideError, type Logger } from '@backside/protocol';
import type { HeartbeatOffer } from '@backside/stomp';
import { ProxyCounters } from './counters.js';
import type { ProxyDatabase } from './database.js';
import { Deadlines } from './deadlines.js';
import type { Envelope } from './encoder.js';
import { EncoderTable } from './encoder-table.js';
import { DEFAULT_PROXY_LIMITS, type ProxyLimits } from './limits.js';
import { TickWriter } from './outbox.js';
import { Renewals } from './renewals.js';
import { serve } from './serve.js';
import { Session } from './session.js';
import type { Authenticate, SessionClient, SessionContext, WatchPrincipal } from './session-context.js';
import { TcpTransport } from './tcp-transport.js';
import type { Transport } from './transport.js';
import { Upgrades } from './upgrade.js';
import { WebsocketTransport } from './websocket-transport.js';

export interface ProxyOptions {
  /** The database for a `host` header; an unknown or missing one selects the default. */
  readonly databases: (host: string | undefined) => ProxyDatabase;
  readonly authenticate: Authenticate;
  /** Default: no principal ever changes. */
  readonly watchPrincipal?: WatchPrincipal;
  /**
   * Where the client is that asks for a websocket, for who knows which proxies may be believed. Default: where the connection
   * comes from.
   */
  readonly clientAddress?: (request: IncomingMessage) => string;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly limits?: Partial<ProxyLimits>;
  /** What users and addresses have taken, where other edges count as well. Default: of this proxy alone, by its limits. */
  readonly quotas?: Quotas;
  /** What the server offers as heart-beats; default one second each way, so that the client's wish decides. */
  readonly heartbeat?: HeartbeatOffer;
  /** The `server` header of CONNECTED; null leaves it out. Default `backside`. */
  readonly serverName?: string | null;
  /** Values of `Origin` that websockets are accepted from. Default all: a session has no rights before CONNECT. */
  readonly allowedOrigins?: readonly string[] | '*';
  /** Whether websockets may agree on permessage-deflate. Default no. */
  readonly compression?: boolean;
  /** How long `drain` waits for clients to take what is queued for them. Default 10 s. */
  readonly drainTimeoutMs?: number;
}

/** The STOMP edge: owns the sessions of all connections that are handed to it. It opens no port itself. */
export interface StompProxy {
  /** Takes over a connected TCP or TLS socket. */
  acceptTcp(socket: Socket): void;
  /** Takes over an HTTP upgrade request for `/stomp` or `/socks/websocket`; answers others with a status. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Serves a connection of any other kind. */
  accept(transport: Transport, envelope?: Envelope): Session;
  /** Connections now. */
  readonly connections: number;
  readonly draining: boolean;
  readonly counters: ProxyCounters;
  /** Output that waits for slow clients, in bytes over all connections. */
  queuedBytes(): number;
  /**
   * Accepts nothing more, finishes what clients have sent, tells them `shutting-down` and closes; open transactions are
   * aborted. Resolves when all connections are closed.
   */
  drain(): Promise<void>;
}

const DEFAULT_HEARTBEAT: HeartbeatOffer = { sendMs: 1_000, receiveMs: 1_000 };
const DEFAULT_DRAIN_TIMEOUT_MS = 10_000;

export function createProxy(options: ProxyOptions): StompProxy {
  return new SessionProxy(options);
}

class SessionProxy implements StompProxy {
  readonly counters = new ProxyCounters();
  draining = false;
  readonly #context: SessionContext;
  readonly #upgrades: Upgrades;
  readonly #clientAddress: (request: IncomingMessage) => string;
  readonly #drainTimeoutMs: number;
  readonly #sessions = new Set<Session>();
  readonly #byAddress = new Map<string, number>();
  #emptied: (() => void) | null = null;

  constructor(options: ProxyOptions) {
    const limits = { ...DEFAULT_PROXY_LIMITS, ...options.limits };
    this.#clientAddress = options.clientAddress ?? (({ socket }) => socket.remoteAddress ?? '');
    this.#drainTimeoutMs = options.drainTimeoutMs ?? DEFAULT_DRAIN_TIMEOUT_MS;
    this.#context = {
      databases: options.databases,
      authenticate: options.authenticate,
      watchPrincipal: options.watchPrincipal ?? (() => () => {}),
      logger: options.logger,
      now: options.now,
      newId: randomUUID,
      limits,
      heartbeat: options.heartbeat ?? DEFAULT_HEARTBEAT,
      serverName: options.serverName === undefined ? 'backside' : options.serverName,
      counters: this.counters,
      encoders: new EncoderTable(),
      deadlines: new Deadlines(options.now()),
      quotas: options.quotas ?? new Quotas(limits, options.now),
      renewals: new Renewals(),
      writer: new TickWriter(limits, this.counters, options.now),
      serve,
      ended: (session) => this.#ended(session),
    };
    this.#upgrades = new Upgrades({
      allowedOrigins: options.allowedOrigins ?? '*',
      compression: options.compression ?? false,
      maxMessageBytes: limits.websocketMessageBytes,
    });
    this.#context.deadlines.start(options.now);
  }

  get connections(): number {
    return this.#sessions.size;
  }

  acceptTcp(socket: Socket): void {
    const session = this.accept(new TcpTransport(socket));
    const refusal = this.#refusal(session.client.remoteAddress);
    if (refusal === null) return;
    this.counters.connectionsRefused += 1;
    session.fail(refusal);
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const address = this.#clientAddress(request);
    const refusal = this.#refusal(address, 1) === null ? null : 503;
    if (refusal !== null) this.counters.connectionsRefused += 1;
    this.#upgrades.handle({ request, socket, head, refusal }, (websocket, rawSocket, envelope) => {
      this.#accept(new WebsocketTransport(websocket, rawSocket), { envelope, remoteAddress: address });
    });
  }

  accept(transport: Transport, envelope: Envelope = 'plain'): Session {
    return this.#accept(transport, { envelope, remoteAddress: transport.remoteAddress });
  }

  #accept(transport: Transport, client: SessionClient): Session {
    const block = addressBlock(client.remoteAddress);
    this.#byAddress.set(block, (this.#byAddress.get(block) ?? 0) + 1);
    const session = new Session(this.#context, transport, client);
    this.#sessions.add(session);
    this.counters.connections = this.#sessions.size;
    this.counters.connectionsAccepted += 1;
    return session;
  }

  /** Why no connection may come from this address, or null. `further` counts those that are not in the books yet. */
  #refusal(address: string, further = 0): BacksideError | null {
    const { connections, connectionsPerAddress } = this.#context.limits;
    if (this.draining) return new BacksideError('shutting-down');
    if (this.#sessions.size + further > connections) return new BacksideError('limit-exceeded', 'too many connections');
    if ((this.#byAddress.get(addressBlock(address)) ?? 0) + further <= connectionsPerAddress) return null;
    return new BacksideError('limit-exceeded', 'too many connections from this address');
  }

  #ended(session: Session): void {
    if (!this.#sessions.delete(session)) return;
    this.counters.connections = this.#sessions.size;
    const block = addressBlock(session.client.remoteAddress);
    const left = (this.#byAddress.get(block) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(block, left);
    else this.#byAddress.delete(block);
    if (this.#sessions.size === 0) this.#emptied?.();
  }

  queuedBytes(): number {
    let bytes = 0;
    for (const session of this.#sessions) bytes += session.outbox.queuedBytes;
    return bytes;
  }

  async drain(): Promise<void> {
    this.draining = true;
    for (const session of [...this.#sessions]) session.shutDown();
    await this.#allEnded();
    this.#context.deadlines.stop();
  }

  #allEnded(): Promise<void> {
    if (this.#sessions.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        for (const session of [...this.#sessions]) session.transport.destroy();
      }, this.#drainTimeoutMs);
      this.#emptied = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
