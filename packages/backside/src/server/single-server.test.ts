import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { SILENT_LOGGER } from '@backside/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { parseFlags } from '../config/flags.js';
import { SERVER_OPTIONS, type ServerConfig } from '../config/server-options.js';
import { resolveSettings } from '../config/setting.js';
import type { RunningServer } from './running-server.js';
import { startSingleServer } from './single-server.js';

const FLAGS = ['--mode', 'development', '--store', 'memory', '--port', '0', '--tcp-port', '0'];
/** More than the system takes for a client that does not read. */
const BIG = JSON.stringify('x'.repeat(9_000_000));

let server: RunningServer;
afterEach(() => server.stop());

async function start(...flags: string[]): Promise<void> {
  const settings = parseFlags([...FLAGS, ...flags], SERVER_OPTIONS).settings;
  server = await startSingleServer(resolveSettings<ServerConfig>(SERVER_OPTIONS, [settings]).values, SILENT_LOGGER);
}

/** A client that has asked for more than it reads. */
async function slowClient(): Promise<Socket> {
  const client = connect(server.ports.stomp!, '127.0.0.1');
  client.write('CONNECT\naccept-version:1.2\nhost:h\n\n\0');
  await once(client, 'data');
  client.write(`SEND\ndestination:/big\nreceipt:written\ncontent-length:${BIG.length}\n\n${BIG}\0`);
  await once(client, 'data');
  client.pause();
  client.write('SUBSCRIBE\nid:s\ndestination:/big\n\n\0');
  return client;
}

async function get(path: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${server.ports.http}${path}`);
  return `${response.status} ${await response.text()}`;
}

/** All that comes back for what is sent over a connection of its own, until the server ends that. */
async function exchange(sent: string): Promise<string> {
  const client = connect(server.ports.http, '127.0.0.1');
  client.write(sent);
  return text(client);
}

test('a target that names the server is taken as its path alone', async () => {
  await start();
  const ask = (head: string): Promise<string> => exchange(`${head}\r\nhost: x\r\nconnection: close\r\n\r\n`);
  expect(await ask('GET http://x/health HTTP/1.1')).toMatch(/^HTTP\/1.1 200 [\s\S]*"status":"ok"/);
  expect(await ask('GET http://x/p.json?print=pretty HTTP/1.1')).toMatch(/^HTTP\/1.1 200 [\s\S]*null$/);
  expect(await ask('GET HTTP://x HTTP/1.1')).toMatch(/^HTTP\/1.1 404 [\s\S]*append .json/);
});

test('a websocket is opened at a target that names the server, too', async () => {
  await start();
  const key = 'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==';
  const client = connect(server.ports.http, '127.0.0.1');
  client.write(`GET http://x/stomp HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n${key}\r\n\r\n`);
  const [answer] = (await once(client, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1.1 101 /);
  client.destroy();
});

describe('a request to change to a protocol that is not spoken here', () => {
  const h2c = 'connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n';
  const last = 'GET /.json HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n';

  test.each(['h2c', 'TLS/1.0', 'IRC/6.9, RTA/x11'])('is answered without: %s', async (protocol) => {
    await start();
    const wish = `connection: upgrade, close\r\nupgrade: ${protocol}\r\n`;
    const answer = await exchange(`GET /p.json HTTP/1.1\r\nhost: x\r\n${wish}\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 200 [\s\S]*null$/);
  });

  test('keeps its body and its turn, and the connection goes on', async () => {
    await start();
    const warned: Error[] = [];
    const warn = (warning: Error): void => void warned.push(warning);
    process.on('warning', warn);
    const rounds = Array.from({ length: 12 }, (_, n) => 100 + n);
    const get = 'GET /none.json HTTP/1.1\r\nhost: x\r\n\r\n';
    const put = (n: number): string => `PUT /p${n}.json HTTP/1.1\r\nhost: x\r\n${h2c}content-length: 3\r\n\r\n${n}`;
    const answers = await exchange(`${get}${rounds.map((n) => get + put(n) + put(n)).join('')}${last}`);
    const bodies = answers.split('HTTP/1.1 200 ').map((answer) => answer.split('\r\n\r\n')[1]);
    const tree = JSON.stringify(Object.fromEntries(rounds.map((n) => [`p${n}`, n])));
    expect(bodies).toEqual([undefined, 'null', ...rounds.flatMap((n) => ['null', `${n}`, `${n}`]), tree]);
    process.off('warning', warn);
    expect(warned).toEqual([]);
  });

  test('of a client that leaves before its turn harms nobody', async () => {
    await start();
    const slow = `PUT /p.json HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\n100`;
    for (const leave of ['end', 'destroy', 'resetAndDestroy'] as const) {
      const client = connect(server.ports.http, '127.0.0.1');
      client.resume().on('error', () => {});
      client.write(`${slow}GET /p.json HTTP/1.1\r\nhost: x\r\n${h2c}\r\n`, () => client[leave]());
      await once(client, 'close');
    }
    expect(await get('/p.json')).toBe('200 100');
  });

  test('is as limited in what it sends as others, and refused where it may be read in two ways', async () => {
    await start();
    const head = `PUT /p.json HTTP/1.1\r\nhost: x\r\n${h2c}`;
    const client = connect(server.ports.http, '127.0.0.1');
    client.write(`${head}content-length: 999999999\r\n\r\n1`);
    expect(String(await once(client, 'data'))).toMatch(/^HTTP\/1.1 4\d\d /);
    client.destroy();
    expect(await exchange(`${head}${'a:\r\n'.repeat(1_000)}content-length: 1\r\n\r\n1`)).toBe('');
  });

  test('is none where a websocket is asked for, wherever that would be', async () => {
    await start();
    const websocket = 'connection: upgrade\r\nupgrade: WebSocket\r\n';
    expect(await exchange(`GET /p.json HTTP/1.1\r\nhost: x\r\n${websocket}\r\n`)).toMatch(/^HTTP\/1.1 404 /);
    expect(await exchange(`GET /stomp HTTP/1.1\r\nhost: x\r\n${websocket}\r\n`)).toMatch(/^HTTP\/1.1 400 /);
  });
});

test('while it drains /health answers 503, and no websocket is accepted', async () => {
  await start();
  const client = await slowClient();
  await expect.poll(() => get('/metrics')).toMatch(/^backside_proxy_queued_bytes [1-9]/m);
  const stopped = server.stop();
  expect(await get('/health')).toMatch(/^503 \{"status":"draining","connections":1,/);
  const websocket = new WebSocket(`ws://127.0.0.1:${server.ports.http}/stomp`);
  const [error] = (await once(websocket, 'error')) as [Error];
  expect(error.message).toContain('503');
  client.destroy();
  await stopped;
  await expect(get('/health')).rejects.toThrow('fetch failed');
});

test('the metrics tell what an operator asks for', async () => {
  await start();
  const client = connect(server.ports.stomp!, '127.0.0.1');
  client.write('CONNECT\naccept-version:1.2\nhost:h\n\n\0SEND\ndestination:/a.b\n\n1\0');
  await once(client.resume(), 'close');
  const metrics = await get('/metrics');
  const names = [
    'backside_proxy_connections',
    'backside_proxy_subscriptions',
    'backside_proxy_received_bytes_total',
    'backside_proxy_sent_bytes_total',
    'backside_proxy_refused_total{code="invalid-path"}',
    'backside_database_views{database="default"}',
    'backside_database_commits_total{database="default"}',
    'backside_database_batch_size{database="default"}',
    'backside_database_queue_depth{database="default"}',
    'backside_database_checkpoint_lag{database="default"}',
  ];
  expect(names.filter((name) => !metrics.includes(`\n${name} `))).toEqual([]);
});
