import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { ConfigError } from '../config/config-error.js';
import type { ServerConfig } from '../config/server-options.js';

interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Certificate and key, or null for plain ports. Throws `ConfigError`. */
export function readTls({ tlsCert, tlsKey }: Pick<ServerConfig, 'tlsCert' | 'tlsKey'>): TlsMaterial | null {
  if (tlsCert === null && tlsKey === null) return null;
  if (tlsCert === null || tlsKey === null) throw new ConfigError('tlsCert and tlsKey are only of use together');
  return { cert: readFile('tlsCert', tlsCert), key: readFile('tlsKey', tlsKey) };
}

function readFile(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new ConfigError(`${option}: ${(cause as Error).message}`, { cause });
  }
}

export function createWebServer(tls: TlsMaterial | null, onRequest: RequestListener): HttpServer {
  return tls ? createHttpsServer(tls, onRequest) : createHttpServer(onRequest);
}

export function createStreamServer(tls: TlsMaterial | null, onSocket: (socket: Socket) => void): Server {
  if (!tls) return createTcpServer({ noDelay: true, keepAlive: true, allowHalfOpen: true }, onSocket);
  return createTlsServer({ ...tls, noDelay: true, keepAlive: true }, onSocket);
}

/** Listens; resolves with the port. Rejects with a message that names the option to change. */
export function listen(
  server: Server,
  { host, port, option }: { host: string; port: number; option: string },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException): void => {
      const why = cause.code === 'EADDRINUSE' ? 'is in use by another process' : `cannot be used (${cause.message})`;
      reject(new Error(`${option}: port ${port} on ${host} ${why}`, { cause }));
    };
    server.once('error', refuse);
    server.listen({ host, port }, () => {
      server.off('error', refuse);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Takes no more connections; resolves at once, whatever connections there still are. */
export function stopListening(server: Server): void {
  if (server.listening) server.close();
}
