import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../config/config-error.js';
import { createStreamServer, createWebServer, listen, type Reception, readTls } from './listening.js';

const HOST = '127.0.0.1';
const PATIENCE_MS = 200;

let folder: string;
let tlsCert: string;
let tlsKey: string;
const servers: Server[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backside-listening-'));
  tlsCert = join(folder, 'cert.pem');
  tlsKey = join(folder, 'key.pem');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  await promisify(execFile)('openssl', ['req', ...kind, ...subject, '-keyout', tlsKey, '-out', tlsCert]);
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
afterAll(() => rm(folder, { recursive: true }));

async function port(server: Server): Promise<number> {
  servers.push(server);
  return listen(server, { host: HOST, port: 0, option: 'port' });
}

test('an address that this machine does not have is blamed, not the port', async () => {
  const server = createServer();
  await expect(listen(server, { host: '192.0.2.1', port: 0, option: 'port' })).rejects.toThrow(
    /^host: 192\.0\.2\.1 is no address of this machine \(.*EADDRNOTAVAIL/,
  );
});

function reception(secure: boolean): Reception {
  return { tls: secure ? readTls({ tlsCert, tlsKey }) : null, patienceMs: PATIENCE_MS };
}

test('a free port is one that no connection of a client takes once the server is down', async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, () => port(createServer())));
  expect(new Set(ports).size).toBe(50);
  for (const free of ports) expect(free).toSatisfy((one: number) => one >= 20_000 && one < 32_768);
});

test('a port that is taken is refused by the name of the option', async () => {
  const taken = await port(createServer());
  await expect(listen(createServer(), { host: HOST, port: taken, option: 'tcpPort' })).rejects.toThrow(
    `tcpPort: port ${taken} on ${HOST} is in use by another process`,
  );
});

describe('TLS', () => {
  test('files that hold no certificate and key are refused by the names of the options', async () => {
    const text = join(folder, 'text.pem');
    await writeFile(text, 'not PEM\n');
    expect(() => readTls({ tlsCert: text, tlsKey })).toThrow(ConfigError);
    expect(() => readTls({ tlsCert: text, tlsKey })).toThrow(/^tlsCert, tlsKey: .*text\.pem and .*key\.pem are not/);
    expect(() => readTls({ tlsCert, tlsKey: text })).toThrow(/^tlsCert, tlsKey: /);
  });

  test('a client that ends its sending side over TLS is still answered', async () => {
    const at = await port(
      createStreamServer(reception(true), (socket) => {
        socket.resume().on('end', () => setImmediate(() => socket.end('answer')));
      }),
    );
    // The typings lack `allowHalfOpen`, which the documentation of `tls.connect` names.
    const options = { host: HOST, port: at, ca: await readFile(tlsCert), allowHalfOpen: true };
    const client: TLSSocket = connectTls(options);
    client.end('question');
    const [answer] = (await once(client, 'data')) as [Buffer];
    expect(answer.toString()).toBe('answer');
    client.destroy();
  });
});

describe('a client that connects and says nothing is dropped when patience ends', () => {
  test.each([
    ['on the web port', () => createWebServer(reception(false), () => {})],
    ['on the web port with TLS', () => createWebServer(reception(true), () => {})],
    ['on the STOMP port before the TLS handshake', () => createStreamServer(reception(true), () => {})],
  ])('%s', async (_where, create) => {
    const server = create();
    const client = connect(await port(server), HOST);
    client.resume().on('error', () => {});
    await once(client, 'close');
    expect(client.destroyed).toBe(true);
  });
});

describe('a client that sends a body', () => {
  const announced = 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\n';

  async function open(): Promise<{ client: Socket; bodies: string[] }> {
    const bodies: string[] = [];
    const server = createWebServer({ ...reception(false), bodyIdleMs: 4 * PATIENCE_MS }, (request, response) => {
      let body = '';
      request.on('error', () => {});
      request.on('data', (chunk) => {
        body += String(chunk);
      });
      request.on('end', () => {
        bodies.push(body);
        response.end('taken');
      });
    });
    server.on('error', () => {});
    const client = connect(await port(server), HOST);
    client.on('error', () => {});
    return { client, bodies };
  }

  test('may take longer for it than for the head, as long as it comes on', async () => {
    const { client, bodies } = await open();
    client.write(announced);
    for (const byte of 'abcdef') {
      await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS / 2));
      client.write(byte);
    }
    await once(client, 'data');
    expect(bodies).toEqual(['abcdef']);
    client.destroy();
  });

  test('is dropped if it stops', async () => {
    const { client, bodies } = await open();
    client.write(`${announced}abc`);
    client.resume();
    await once(client, 'close');
    expect(bodies).toEqual([]);
  });
});
