import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { NOBODY, SILENT_LOGGER } from '@backside/protocol';
import { WebSocket } from 'ws';
import { createHealthHandler } from './health.js';
import { createMetrics } from './metrics.js';
import { createProxy, type ProxyOptions, type StompProxy } from './proxy.js';
import { openDatabase } from './session-fixture.js';

/** The ports of a proxy. */
export interface Served {
  readonly proxy: StompProxy;
  readonly tcpPort: number;
  readonly httpPort: number;
}

const open: (() => void)[] = [];

/** Closes what `serve` has opened. */
export function closeServed(): void {
  for (const close of open.splice(0)) close();
}

/** A proxy with a database in memory on two free ports. */
export async function serve(options: Partial<ProxyOptions> = {}): Promise<Served> {
  const database = await openDatabase({ read: () => ({ allowed: true }), write: () => ({ allowed: true }) });
  const proxy = createProxy({
    databases: () => database,
    authenticate: async () => NOBODY,
    logger: SILENT_LOGGER,
    now: () => Date.now(),
    ...options,
  });
  const observed = { proxy, databases: () => [database] };
  const health = createHealthHandler(observed, createMetrics(observed), SILENT_LOGGER);
  const tcp = net.createServer({ allowHalfOpen: true }, (socket) => proxy.acceptTcp(socket));
  const web = http.createServer((request, response) => {
    if (!health(request, response)) response.writeHead(404).end();
  });
  web.on('upgrade', (request, socket, head) => proxy.handleUpgrade(request, socket, head));
  await Promise.all([tcp, web].map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))));
  open.push(() => {
    tcp.close();
    web.close();
    web.closeAllConnections();
    void proxy.drain();
  });
  return { proxy, tcpPort: (tcp.address() as AddressInfo).port, httpPort: (web.address() as AddressInfo).port };
}

/** Sends `input` over TCP, ends the sending side if asked to, and returns all that comes until the server closes. */
export async function converse(port: number, input: string | Buffer, half = false): Promise<string> {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  if (half) socket.end(input);
  else socket.write(input);
  await once(socket, 'end');
  socket.end();
  return Buffer.concat(chunks).toString();
}

export const CONNECT = 'CONNECT\naccept-version:1.2\nhost:h\n\n\0';

/** A websocket that is open. */
export interface Talk {
  readonly socket: WebSocket;
  readonly messages: string[];
  next(): Promise<string>;
  closed(): Promise<number>;
}

/** Opens a websocket. Rejects if the server refuses. */
export function talk(
  port: number,
  options: { path?: string; protocols?: string[]; origin?: string; deflate?: boolean } = {},
): Promise<Talk> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${options.path ?? '/stomp'}`, options.protocols ?? [], {
    perMessageDeflate: options.deflate ?? false,
    ...(options.origin && { origin: options.origin }),
  });
  const messages: string[] = [];
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  socket.on('message', (data, isBinary) => messages.push(isBinary ? 'binary' : String(data)));
  const next = async (): Promise<string> => {
    while (messages.length === 0)
      await Promise.race([once(socket, 'message'), once(socket, 'close').then(() => messages.push('closed'))]);
    return messages.shift()!;
  };
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve({ socket, messages, next, closed: () => closed }));
    socket.on('error', reject);
  });
}
