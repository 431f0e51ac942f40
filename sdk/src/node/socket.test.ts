import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { NO_FAULTS, startFaultyProxy } from '../../../test/harness/faulty-proxy.js';
import type { Connection } from '../link/connection.js';
import { createConnection } from '../link/create-connection.js';
import { Heard, set, target, write } from '../testing/connected.js';
import { type MemoryServer, type MemoryServerOptions, openMemoryServer, valueAt } from '../testing/memory-server.js';
import { until } from '../testing/until.js';
import { nodeSocket } from './socket.js';

const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0).reverse()) close();
});

interface Ports {
  readonly server: MemoryServer;
  readonly tcpPort: number;
  readonly httpPort: number;
}

/** A server on two free ports. */
async function serve(options?: MemoryServerOptions): Promise<Ports> {
  const server = await openMemoryServer(options);
  const tcp = net.createServer({ allowHalfOpen: true }, (socket) => server.proxy.acceptTcp(socket));
  const web = http.createServer();
  web.on('upgrade', (request, socket, head) => server.proxy.handleUpgrade(request, socket, head));
  await Promise.all([tcp, web].map((one) => new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve))));
  closing.push(() => {
    tcp.close();
    web.close();
    void server.proxy.drain();
  });
  return { server, tcpPort: (tcp.address() as AddressInfo).port, httpPort: (web.address() as AddressInfo).port };
}

function connect(url: string): Connection {
  const connection = createConnection(url, {
    socket: nodeSocket,
    heartbeatMs: 200,
    backoff: { firstMs: 5, lastMs: 50 },
  });
  closing.push(() => connection.close());
  return connection;
}

function portOf(ports: Ports, scheme: string): number {
  return scheme === 'stomp' ? ports.tcpPort : ports.httpPort;
}

describe.each(['stomp', 'ws', 'http'])('over %s://', (scheme) => {
  test('a connection reads, writes, and says goodbye', async () => {
    const ports = await serve();
    const connection = connect(`${scheme}://127.0.0.1:${portOf(ports, scheme)}`);
    const heard = new Heard();
    connection.listen(target('/a'), heard);
    const text = 'grüße 🌍 '.repeat(20_000);
    await connection.write(write(set('/a', text)));
    await until(() => heard.events.at(-1)?.body === text, 'the event');
    connection.close();
    await until(() => ports.server.proxy.connections === 0, 'the end of the connection');
  });

  test('a port where nobody listens is tried again', async () => {
    const connection = connect(`${scheme}://127.0.0.1:1`);
    await until(() => connection.status === 'offline');
    expect(connection.lastError?.message).toMatch(/ECONNREFUSED/);
  });

  test('writes are made in order and once over a line that delays, splits, cuts and freezes', async () => {
    const ports = await serve();
    const line = await startFaultyProxy({
      targetPort: portOf(ports, scheme),
      faults: { ...NO_FAULTS, delayMs: 3, split: 0.3, cut: 0.03, freeze: 0.005, refuse: 0.1 },
    });
    closing.push(() => void line.stop());
    const connection = connect(`${scheme}://127.0.0.1:${line.port}`);
    const written: Promise<{ revision: number }>[] = [];
    for (let count = 0; count < 200; count += 1) {
      written.push(connection.write(write({ method: 'push', path: ['list'], value: count })));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    setTimeout(() => {
      line.faults = NO_FAULTS;
    }, 1_000);
    const acks = await Promise.all(written);
    expect(acks.map(({ revision }) => revision)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    expect(Object.values(valueAt(ports.server, '/list') as object)).toEqual(
      Array.from({ length: 200 }, (_, index) => index),
    );
    expect(line.counts.cuts + line.counts.frozen).toBeGreaterThan(0);
  });
});

test('a URL of another kind is no address', async () => {
  const connection = connect('ftp://127.0.0.1:1');
  await until(() => connection.status === 'offline');
  expect(connection.lastError).toBeInstanceOf(Error);
});

test.each([100_000, 2_000])(
  'what is longer than a websocket message may be (%i bytes) arrives in several',
  async (websocketMessageBytes) => {
    const ports = await serve({ limits: { websocketMessageBytes } });
    const connection = connect(`ws://127.0.0.1:${ports.httpPort}`);
    const text = 'grüße 🌍 '.repeat(20_000);
    const written = [connection.write(write(set('/long', text)))];
    for (let count = 0; count < 100; count += 1) written.push(connection.write(write(set(`/short/${count}`, count))));
    await Promise.all(written);
    expect(valueAt(ports.server, '/long')).toBe(text);
  },
);
