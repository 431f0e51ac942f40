import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from '@backside/protocol';
import { createProxy, type Proxy } from '@backside/proxy';
import { proxyLimitsOf } from '../config/limit-options.js';
import type { ServerConfig } from '../config/server-options.js';
import type { Databases } from './databases.js';
import { handleHttp } from './http-handler.js';
import { createStreamServer, createWebServer, listen, readTls, stopListening } from './listening.js';
import { createMetrics, joinClusterMetrics } from './metrics.js';
import { createAuthenticate } from './sign-in.js';

/** The part of the drain time that clients may use up; the rest is for closing the data. */
const CLIENT_SHARE = 0.8;

/** The ports of one process; null for an edge that its role does not serve. */
export interface Ports {
  readonly http: number;
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
  /** Collects the metrics of all processes, if there are others than this one. */
  readonly clusterMetrics?: () => Promise<string>;
}

/** Listens on the configured ports. Rejects, with everything closed again, if one cannot be had. */
export async function openEdges({ config, logger, databases, clusterMetrics }: EdgesOptions): Promise<Edges> {
  const tls = readTls(config);
  const proxy = openProxy({ config, logger, databases });
  const registry = createMetrics(databases, proxy);
  if (clusterMetrics) joinClusterMetrics(registry);
  const metrics = clusterMetrics ?? (() => registry.metrics());
  const health = { databases, draining: false };
  const web = createWebServer(tls, (request, response) => {
    void handleHttp(request, response, { health, logger, metrics });
  });
  const stomp = proxy && createStreamServer(tls, (socket) => proxy.acceptTcp(socket));
  serveUpgrades(web, proxy);
  const servers = stomp ? [web, stomp] : [web];
  for (const server of servers) server.on('error', (error) => logger.error({ err: error }, 'a port reported an error'));
  try {
    const { host } = config;
    const http = await listen(web, { host, port: config.port, option: 'port' });
    const tcp = stomp && (await listen(stomp, { host, port: config.tcpPort, option: 'tcpPort' }));
    return { ports: { http, stomp: tcp }, drain: () => drain(servers, { web, proxy, health }) };
  } catch (error) {
    for (const server of servers) stopListening(server);
    throw error;
  }
}

function openProxy({ config, logger, databases }: EdgesOptions): Proxy | null {
  if (config.role === 'api') return null;
  return createProxy({
    databases: (host) => databases.byHost(host),
    authenticate: createAuthenticate(config.mode),
    logger,
    now: Date.now,
    limits: proxyLimitsOf(config),
    allowedOrigins: config.allowedOrigins.includes('*') ? '*' : config.allowedOrigins,
    compression: config.websocketCompression,
    drainTimeoutMs: config.drainTimeout * CLIENT_SHARE,
  });
}

function serveUpgrades(web: HttpServer, proxy: Proxy | null): void {
  web.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (proxy) proxy.handleUpgrade(request, socket, head);
    else socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
}

async function drain(
  servers: readonly Server[],
  { web, proxy, health }: { web: HttpServer; proxy: Proxy | null; health: { draining: boolean } },
): Promise<void> {
  health.draining = true;
  for (const server of servers) stopListening(server);
  web.closeIdleConnections();
  await proxy?.drain();
}
