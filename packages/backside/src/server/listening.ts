import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createSecureContext, createServer as createTlsServer } from 'node:tls';
import { limitSending } from '@backside/rest';
import { ConfigError } from '../config/config-error.js';
import type { ServerConfig } from '../config/server-options.js';
import { toOriginForm } from './request-target.js';

interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Certificate and key, or null for plain ports. Throws `ConfigError`. */
export function readTls({ tlsCert, tlsKey }: Pick<ServerConfig, 'tlsCert' | 'tlsKey'>): TlsMaterial | null {
  if (tlsCert === null && tlsKey === null) return null;
  if (tlsCert === null || tlsKey === null) throw new ConfigError('tlsCert and tlsKey are only of use together');
  const material = { cert: readFile('tlsCert', tlsCert), key: readFile('tlsKey', tlsKey) };
  try {
    createSecureContext(material);
    return material;
  } catch (cause) {
    const why = `${tlsCert} and ${tlsKey} are not a certificate and its key in PEM`;
    throw new ConfigError(`tlsCert, tlsKey: ${why}: ${(cause as Error).message}`, { cause });
  }
}

function readFile(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new ConfigError(`${option}: ${(cause as Error).message}`, { cause });
  }
}

/** How a port treats those who connect to it. */
export interface Reception {
  readonly tls: TlsMaterial | null;
  /** How long a client may take for the TLS handshake, and again for the head of its HTTP request, in milliseconds. */
  readonly patienceMs: number;
  /** How long nothing may come of a body that is not whole, in milliseconds; default a minute. It may take as long as it needs if it comes on. */
  readonly bodyIdleMs?: number;
}

export function createWebServer({ tls, patienceMs, bodyIdleMs }: Reception, onRequest: RequestListener): HttpServer {
  const patience = {
    headersTimeout: patienceMs,
    requestTimeout: 0,
    connectionsCheckingInterval: Math.ceil(patienceMs / 4),
  };
  const serve: RequestListener = (request, response) => {
    toOriginForm(request);
    limitSending(request, bodyIdleMs);
    onRequest(request, response);
  };
  if (!tls) return createHttpServer(patience, serve);
  return createHttpsServer({ ...tls, ...patience, handshakeTimeout: patienceMs }, serve);
}

export function createStreamServer({ tls, patienceMs }: Reception, onSocket: (socket: Socket) => void): Server {
  const socketOptions = { noDelay: true, keepAlive: true, allowHalfOpen: true };
  if (!tls) return createTcpServer(socketOptions, onSocket);
  const server = createTlsServer({ ...tls, ...socketOptions, handshakeTimeout: patienceMs }, onSocket);
  return server.on('tlsClientError', (_error, socket) => socket.destroy());
}

/** Where free ports are looked for: no system takes one from there for a connection of a client, so they stay free until they are asked for. */
const FREE_PORTS = { first: 20_000, last: 32_767 };
const TRIES = 20;

interface Address {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** The option that names the port. */
  readonly option: string;
}

/** Listens; resolves with the port. Rejects with a message that names the option to change. */
export async function listen(server: Server, address: Address): Promise<number> {
  if (address.port !== 0) return listenOn(server, address);
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(FREE_PORTS.first, FREE_PORTS.last + 1);
    try {
      return await listenOn(server, { ...address, port });
    } catch (error) {
      if (!isTaken((error as Error).cause)) throw error;
    }
  }
  return listenOn(server, address);
}

function listenOn(server: Server, { host, port, option }: Address): Promise<number> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: Error): void => {
      server.off('listening', accept);
      const why = isTaken(cause) ? 'is in use by another process' : `cannot be used (${cause.message})`;
      const message = isOfHost(cause)
        ? `host: ${host} is no address of this machine (${cause.message})`
        : `${option}: port ${port} on ${host} ${why}`;
      reject(new Error(message, { cause }));
    };
    const accept = (): void => {
      server.off('error', refuse);
      resolve((server.address() as AddressInfo).port);
    };
    server.once('error', refuse).once('listening', accept).listen({ host, port });
  });
}

function isTaken(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException).code === 'EADDRINUSE';
}

/** Whatever the port, one cannot listen there. */
function isOfHost(cause: unknown): boolean {
  return ['ENOTFOUND', 'EAI_AGAIN', 'EADDRNOTAVAIL'].includes((cause as NodeJS.ErrnoException).code ?? '');
}

/** Takes no more connections; resolves at once, whatever connections there still are. */
export function stopListening(server: Server): void {
  if (server.listening) server.close();
}
