import type { Server as HttpServer, IncomingMessage, RequestListener } from 'node:http';
import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from '@backside/protocol';
import {
  type ClusterMember,
  createHealthHandler,
  createMetrics,
  createProxy,
  joinClusterMetrics,
  type Proxy as StompProxy,
} from '@backside/proxy';
import { createClientAddress } from '@backside/rest';
import { proxyLimitsOf } from '../config/limit-options.js';
import type { ServerConfig } from '../config/server-options.js';
import type { Databases } from './databases.js';
import { createStreamServer, createWebServer, listen, readTls, stopListening } from './listening.js';
import { openOperatorSocket } from './operator-socket.js';
import { allowedOriginsOf } from './public-url.js';
import { createRestHandlers, type RestHandlers } from './rest-handlers.js';
import type { Siblings } from './siblings.js';

/** The part of the drain time that clients may use up; the rest is for closing the data. */
const CLIENT_SHARE = 0.8;

/** The ports of one process. */
export interface Ports {
  readonly http: number;
  /** Null if the role of the node serves no STOMP. */
  readonly stomp: number | null;
}

/** What clients talk to. */
export interface Edges {
  readonly ports: Ports;
  /** Takes no more connections, tells the clients, and resolves when they have gone. */
  drain(): Promise<void>;
}

export interface EdgesOptions {
  readonly config: ServerConfig;
  readonly logger: Logger;
  readonly databases: Databases;
  readonly siblings: Siblings;
  /** Given if this process does not serve alone. */
  readonly member?: ClusterMember;
}

/** Listens on the configured ports. Rejects, with everything closed again, if one cannot be had. */
export async function openEdges(options: EdgesOptions): Promise<Edges> {
  const { config, logger } = options;
  const reception = { tls: readTls(config), patienceMs: config.logInTimeout };
  const proxy = openProxy(options);
  const rest = createRestHandlers(options);
  const web = createWebServer(reception, requestListener(options, proxy, rest));
  const stomp = proxy && createStreamServer(reception, (socket) => proxy.acceptTcp(socket));
  serveUpgrades(web, proxy);
  const servers = stomp ? [web, stomp] : [web];
  const report = (error: Error): void => logger.error({ err: error }, 'a port reported an error');
  try {
    const { host } = config;
    const http = await listen(web, { host, port: config.port, option: 'port' });
    const tcp = stomp && (await listen(stomp, { host, port: config.tcpPort, option: 'tcpPort' }));
    for (const server of servers) server.on('error', report);
    const closeSocket = await openSocket(options, rest);
    const end = async (): Promise<void> => {
      rest.stop();
      await closeSocket();
      await drain({ web, stomp, proxy });
    };
    return { ports: { http, stomp: tcp }, drain: end };
  } catch (error) {
    for (const server of servers) stopListening(server);
    rest.stop();
    await proxy?.drain();
    throw error;
  }
}

function openProxy({ config, logger, databases }: EdgesOptions): StompProxy | null {
  if (config.role === 'api') return null;
  return createProxy({
    databases: (host) => databases.byHost(host).main,
    authenticate: (credentials) => databases.byHost(credentials.database).auth.authenticate(credentials),
    watchPrincipal: (principal, database, changed) => databases.byHost(database).auth.watch(principal, changed),
    clientAddress: createClientAddress(config.trustedProxies),
    logger,
    now: Date.now,
    limits: proxyLimitsOf(config),
    allowedOrigins: allowedOriginsOf(config),
    compression: config.websocketCompression,
    drainTimeoutMs: config.drainTimeout * CLIENT_SHARE,
  });
}

/** The operator's socket, where there is a data folder for it. */
async function openSocket({ config, logger }: EdgesOptions, rest: RestHandlers): Promise<() => Promise<void>> {
  if (config.store === 'memory') return async () => {};
  return openOperatorSocket(config.data, rest.operator, logger);
}

/** `/health` and `/metrics`, then the HTTP interfaces if this node's role has them. */
function requestListener(
  { config, logger, databases, member }: EdgesOptions,
  proxy: StompProxy | null,
  rest: RestHandlers,
): RequestListener {
  const observed = { databases: () => databases.all, ...(proxy && { proxy }) };
  const own = createMetrics(observed, { process: true });
  const registry = member ? joinClusterMetrics(own, member) : own;
  const handle = createHealthHandler(observed, registry, logger);
  return (request, response) => {
    if (handle(request, response)) return;
    if (config.role === 'proxy') response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found\n');
    else rest.open(request, response);
  };
}

function serveUpgrades(web: HttpServer, proxy: StompProxy | null): void {
  web.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (proxy) proxy.handleUpgrade(request, socket, head);
    else socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
}

interface Listening {
  readonly web: HttpServer;
  readonly stomp: Server | null;
  readonly proxy: StompProxy | null;
}

/** The web port is closed last, so that `/health` tells meanwhile that the node goes down; websockets are refused by the proxy. */
async function drain({ web, stomp, proxy }: Listening): Promise<void> {
  if (stomp) stopListening(stomp);
  await proxy?.drain();
  stopListening(web);
  web.closeIdleConnections();
}
