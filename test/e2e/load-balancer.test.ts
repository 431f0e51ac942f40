import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../harness/cluster.js';
import { freePorts } from '../harness/free-ports.js';
import { askHttp } from '../harness/http-client.js';
import { StompjsClient, until } from '../harness/stompjs-client.js';
import { type OwnService, startService } from '../services/index.js';
import { findCommand } from '../services/programs.js';
import { runBackside } from './run-backside.js';

const CONFIG = fileURLToPath(new URL('../../config/', import.meta.url));
const ATTEMPTS = 40;

interface Balancer {
  readonly httpPort: number;
  /** Null where it has no STOMP over TCP. */
  readonly tcpPort: number | null;
  stop(): Promise<void>;
}

let cluster: Cluster | null = null;
let store: OwnService | null = null;
beforeAll(async () => {
  store = await startService('postgres');
  if (store === null) return;
  const { url } = store;
  cluster = await startCluster({
    store: 'postgres',
    notifier: 'postgres',
    nodes: 2,
    urls: () => ({ store: url, notifier: url }),
    args: ['--trusted-proxies', '127.0.0.1', '--drain-timeout', '2s'],
  });
}, 120_000);
afterAll(async () => {
  await cluster?.stop();
  await store?.stop();
});

/** A file of `config/` with the ports of the test in it. */
async function configured(name: string, ports: { http: number; tcp: number }): Promise<string> {
  const nodes = cluster!.nodes.map(({ server }) => server);
  const file = await readFile(join(CONFIG, name), 'utf8');
  return file
    .split('\n')
    .filter((line) => !line.includes('node3:'))
    .join('\n')
    .replaceAll(/node(\d):5000/g, (_, n) => `127.0.0.1:${nodes[n - 1]!.httpPort}`)
    .replaceAll(/node(\d):5001(?: port 5000)?/g, (all, n) => {
      const { httpPort, tcpPort } = nodes[n - 1]!;
      return `127.0.0.1:${tcpPort}${all.endsWith('5000') ? ` port ${httpPort}` : ''}`;
    })
    .replaceAll(/(listen |bind :)80\b/g, (_, word) => `${word.replace(':', '127.0.0.1:')}${ports.http}`)
    .replaceAll(/(listen |bind :)5001\b/g, (_, word) => `${word.replace(':', '127.0.0.1:')}${ports.tcp}`);
}

async function run(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const [complaint, [code]] = await Promise.all([text(child.stderr), once(child, 'close') as Promise<[number]>]);
  expect({ command, code, complaint: code === 0 ? '' : complaint }).toEqual({ command, code: 0, complaint: '' });
  return complaint;
}

/** Runs a balancer in the foreground until `stop`. Rejects with its complaints if it does not pass anything on in time. */
async function serve(
  command: string,
  args: readonly string[],
  { ports, folder }: { ports: { http: number; tcp: number | null }; folder: string },
): Promise<Balancer> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'close');
  const complaints = text(child.stderr);
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true });
  };
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const healthy = await askHttp(ports.http, '/health').catch(() => null);
    if (healthy?.status === 200) return { httpPort: ports.http, tcpPort: ports.tcp, stop };
    await sleep(100);
  }
  await stop();
  throw new Error(`${command} passes nothing on: ${await complaints}`);
}

async function startNginx(command: string): Promise<Balancer> {
  const folder = await mkdtemp(join(tmpdir(), 'backside-nginx-'));
  const [http, tcp] = (await freePorts(2)) as [number, number];
  const own = `error_log stderr; daemon off; pid ${folder}/pid;`;
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${folder};`)
    .join('');
  const shipped = await configured('nginx.conf', { http, tcp });
  const file = join(folder, 'nginx.conf');
  await writeFile(
    file,
    `${own}\n${shipped.replace(/^pid .*$/m, '').replace('http {', `http { access_log off; ${paths}`)}`,
  );
  await run(command, ['-t', '-q', '-c', file]);
  return serve(command, ['-c', file], { ports: { http, tcp: null }, folder });
}

async function startHaproxy(command: string): Promise<Balancer> {
  const folder = await mkdtemp(join(tmpdir(), 'backside-haproxy-'));
  const [http, tcp] = (await freePorts(2)) as [number, number];
  const file = join(folder, 'haproxy.cfg');
  await writeFile(file, await configured('haproxy.cfg', { http, tcp }));
  await run(command, ['-c', '-q', '-f', file]);
  return serve(command, ['-db', '-f', file], { ports: { http, tcp }, folder });
}

const BALANCERS = [
  { name: 'nginx', commands: ['nginx', '/usr/sbin/nginx'], start: startNginx },
  { name: 'haproxy', commands: ['haproxy', '/usr/sbin/haproxy'], start: startHaproxy },
] as const;

describe.each(BALANCERS)('two nodes behind $name, as in config/', ({ name, commands, start }) => {
  let balancer: Balancer | null = null;
  beforeAll(async () => {
    const command = await findCommand(commands);
    if (command === null) process.stderr.write(`skipped: tests that need ${name}, which is not installed\n`);
    else if (cluster !== null) balancer = await start(command);
  });
  beforeEach(({ skip }) => skip(balancer === null, 'the balancer or a server is missing'));
  afterAll(() => balancer?.stop());

  const connect = (): Promise<StompjsClient> => StompjsClient.connect(`ws://127.0.0.1:${balancer!.httpPort}/stomp`);

  test('websockets come to both, and each hears what the others write', async () => {
    const clients = await Promise.all(Array.from({ length: 6 }, connect));
    const listens = await Promise.all(clients.map((client) => client.listen(`/${name}`)));
    for (const [index, client] of clients.entries()) expect(await client.send(`/${name}`, index)).toBeNull();
    for (const { bodies } of listens) {
      await until(() => bodies.at(-1) === clients.length - 1, 'the last write');
      expect(bodies).toEqual([null, 0, 1, 2, 3, 4, 5]);
    }
    for (const { server } of cluster!.nodes) {
      const { body } = await askHttp<{ connections: number }>(server.httpPort, '/health');
      expect(body.connections).toBeGreaterThan(0);
    }
    await Promise.all(clients.map((client) => client.close()));
  });

  test('HTTP is passed on, and what is for operators is not', async () => {
    const port = balancer!.httpPort;
    expect((await askHttp(port, '/auth/config')).status).toBeLessThan(500);
    expect((await askHttp(port, '/health')).status).toBe(200);
    expect((await askHttp(port, '/metrics')).status).toBe(404);
  });

  test('STOMP over TCP is passed on', async ({ skip }) => {
    skip(balancer!.tcpPort === null, 'it has no TCP here');
    const set = await runBackside(['set', `/${name}-tcp`, '1', '--url', `127.0.0.1:${balancer!.tcpPort}`]);
    expect(set).toMatchObject({ code: 0, stderr: '' });
  });

  test('clients of a node that ends find the other', async () => {
    const [staying, leaving] = cluster!.nodes;
    await leaving!.stop();
    const client = await connectAgain(connect);
    expect(await client.send(`/${name}`, 'still here')).toBeNull();
    await client.close();
    await leaving!.restart();
    expect((await askHttp(staying!.server.httpPort, '/health')).status).toBe(200);
  });

  test('while the store is gone clients still come in and read, and they write once it is back', async () => {
    const before = await connect();
    expect(await before.send(`/${name}-kept`, 'kept')).toBeNull();
    await before.close();
    for (const { url } of cluster!.nodes) {
      const direct = await StompjsClient.connect(url);
      expect((await direct.listen(`/${name}-kept`)).bodies).toEqual(['kept']);
      await direct.close();
    }
    await store!.kill();
    const isDegraded = async (port: number): Promise<number> => (await askHttp(port, '/health')).status;
    for (const { server } of cluster!.nodes) {
      await expect.poll(() => isDegraded(server.httpPort), { timeout: 30_000 }).toBe(503);
    }
    const client = await connectAgain(connect);
    expect((await client.listen(`/${name}-kept`)).bodies).toEqual(['kept']);
    expect(await client.send(`/${name}-kept`, 'lost')).toMatchObject({ code: 'unavailable' });
    await store!.restart();
    await expect.poll(() => client.send(`/${name}-kept`, 'back'), { timeout: 30_000 }).toBeNull();
    await client.close();
  });
});

/** As clients do: tries again. */
async function connectAgain(connect: () => Promise<StompjsClient>): Promise<StompjsClient> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await connect();
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await sleep(100);
    }
  }
}
