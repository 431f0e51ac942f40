import type { Server as HttpServer, IncomingMessage, RequestListener } from 'node:http';
import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { Quotas } from '@backside/auth';
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
import { Deadline } from './deadline.js';
import { asksForWebsocket, ignoreUpgrade } from './foreign-upgrade.js';
import { HttpDrain, retireWebServer } from './http-drain.js';
import { createStreamServer, createWebServer, listen, readTls, stopListening } from './listening.js';
import { openOperatorSocket } from './operator-socket.js';
import { allowedOriginsOf } from './public-url.js';
import { samplesOf } from './registry-samples.js';
import { toOriginForm } from './request-target.js';
import { createRestHandlers, type RestHandlers } from './rest-handlers.js';
import { isLegacyRequest } from './route-order.js';
import type { Services } from './services.js';
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
  /**
   * Takes no more connections, tells the clients, answers the requests under way, and resolves when all have gone. While `retiring`, other
   * processes serve the same ports: this one leaves them new connections at once, and lets go of idle ones at their ends only.
   */
  drain(how?: { readonly retiring: boolean }): Promise<void>;
}

export interface EdgesOptions {
  readonly config: ServerConfig;
  readonly logger: Logger;
  readonly databases: Databases;
  readonly services: Services;
  readonly siblings: Siblings;
  /** Given if this process does not serve alone. */
  readonly member?: ClusterMember;
}

/** Listens on the configured ports. Rejects, with everything closed again, if one cannot be had. */
export async function openEdges(options: EdgesOptions): Promise<Edges> {
  const { config, logger } = options;
  const reception = { tls: readTls(config), patienceMs: config.logInTimeout };
  const quotas = new Quotas(proxyLimitsOf(config), Date.now);
  const proxy = openProxy(options, quotas);
  const rest = createRestHandlers({ ...options, quotas });
  const httpDrain = new HttpDrain();
  const web = createWebServer(reception, httpDrain.observe(requestListener(options, { proxy, rest, quotas })));
  const stomp = proxy && createStreamServer(reception, (socket) => proxy.acceptTcp(socket));
  serveUpgrades(web, { proxy, httpDrain, services: options.services });
  const servers = stomp ? [web, stomp] : [web];
  const report = (error: Error): void => logger.error({ err: error }, 'a port reported an error');
  try {
    const { host } = config;
    const http = await listen(web, { host, port: config.port, option: 'port' });
    const tcp = stomp && (await listen(stomp, { host, port: config.tcpPort, option: 'tcpPort' }));
    for (const server of servers) server.on('error', report);
    const closeSocket = await openSocket(options, rest);
    const withinMs = config.drainTimeout * CLIENT_SHARE;
    const end = async ({ retiring } = { retiring: false }): Promise<void> => {
      const leave = retiring ? retire : drain;
      rest.stop();
      await closeSocket();
      await leave({ web, stomp, proxy, httpDrain, deadline: new Deadline(withinMs), services: options.services });
    };
    return { ports: { http, stomp: tcp }, drain: end };
  } catch (error) {
    for (const server of servers) stopListening(server);
    rest.stop();
    await proxy?.drain();
    throw error;
  }
}

function openProxy({ config, logger, databases }: EdgesOptions, quotas: Quotas): StompProxy | null {
  if (config.role === 'api') return null;
  return createProxy({
    databases: (host) => databases.byHost(host).main,
    authenticate: (credentials) => databases.byHost(credentials.database).auth.authenticate(credentials),
    watchPrincipal: (principal, database, changed) => databases.byHost(database).auth.watch(principal, changed),
    clientAddress: createClientAddress(config.trustedProxies),
    logger,
    now: Date.now,
    limits: proxyLimitsOf(config),
    quotas,
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

/** What speaks to clients, and what each client may take of all of it. */
interface Interfaces {
  readonly proxy: StompProxy | null;
  readonly rest: RestHandlers;
  readonly quotas: Quotas;
}

/** `/health` and `/metrics`, then the HTTP interfaces if this node's role has them. */
function requestListener(
  { config, logger, databases, services, member }: EdgesOptions,
  { proxy, rest, quotas }: Interfaces,
): RequestListener {
  const observed = {
    databases: () => databases.all,
    services: () => services.states(),
    quotas,
    ...(proxy && { proxy }),
  };
  const own = createMetrics(observed, { process: true });
  services.useRegistry(async () => samplesOf(await own.getMetricsAsJSON()));
  const registry = member ? joinClusterMetrics(own, member) : own;
  const handle = createHealthHandler(observed, registry, logger);
  return (request, response) => {
    if (handle(request, response)) return;
    const legacy = services.legacy();
    if (legacy !== null && isLegacyRequest(request, legacy)) return legacy.listener(request, response);
    if (config.role === 'proxy') response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found\n');
    else rest.open(request, response);
  };
}

/** Websockets go to who serves them. Node takes every other `Upgrade` for one to serve as well, as soon as there is a listener. */
function serveUpgrades(
  web: HttpServer,
  { proxy, httpDrain, services }: Pick<Listening, 'proxy' | 'httpDrain' | 'services'>,
): void {
  web.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!asksForWebsocket(request)) {
      ignoreUpgrade(web, { request, socket, head, before: httpDrain.lastOn(socket) });
      return;
    }
    toOriginForm(request);
    if (services.legacy()?.upgrade(request, socket, head)) return;
    if (proxy) proxy.handleUpgrade(request, socket, head);
    else socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
}

interface Listening {
  readonly web: HttpServer;
  readonly stomp: Server | null;
  readonly proxy: StompProxy | null;
  readonly httpDrain: HttpDrain;
  /** For clients to leave. */
  readonly deadline: Deadline;
  readonly services: Services;
}

/** Leaves new connections to others at once; then tells the clients. */
async function retire({ web, stomp, proxy, httpDrain, deadline, services }: Listening): Promise<void> {
  httpDrain.leave();
  const webClosed = retireWebServer(web, deadline.leftMs);
  if (stomp) stopListening(stomp);
  await Promise.all([deadline.race(services.drain()), proxy?.drain()]);
  await httpDrain.answered(deadline.leftMs);
  await webClosed;
}

/** The web port is closed last, so that `/health` tells meanwhile that the node goes down; websockets are refused by the proxy. */
async function drain({ web, stomp, proxy, httpDrain, deadline, services }: Listening): Promise<void> {
  httpDrain.leave();
  if (stomp) stopListening(stomp);
  await Promise.all([deadline.race(services.drain()), proxy?.drain()]);
  stopListening(web);
  await httpDrain.answered(deadline.leftMs);
  web.closeIdleConnections();
}
