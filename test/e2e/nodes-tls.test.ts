import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type Cluster, type ClusterNode, type ClusterOptions, startCluster } from '../harness/cluster.js';
import { askHttp } from '../harness/http-client.js';
import { StompjsClient, until } from '../harness/stompjs-client.js';
import { type ServiceName, sharedService, startService } from '../services/index.js';
import { runBackside } from './run-backside.js';

let folder: string;
let cert: string;
let key: string;
const ends: (() => unknown)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backside-nodes-tls-'));
  [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  await promisify(execFile)('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', cert]);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => rm(folder, { recursive: true }));

/** The port at which a server that speaks plainly speaks TLS; null if there is no such server. */
async function secured(name: ServiceName): Promise<number | null> {
  const service = await sharedService(name);
  if (service === null) return null;
  ends.push(() => service.stop());
  const { hostname, port } = new URL(service.url);
  const server: Server = createServer({ cert: await readFile(cert), key: await readFile(key) }, (client) => {
    const inner = connect(Number(port), hostname);
    client.on('error', () => inner.destroy()).on('close', () => inner.destroy());
    inner.on('error', () => client.destroy()).on('close', () => client.destroy());
    client.pipe(inner).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A server that speaks TLS itself: its protocol begins in plain. */
async function securedPostgres(): Promise<string | null> {
  const service = await startService('postgres');
  if (service === null) return null;
  ends.push(() => service.stop());
  const client = new pg.Client(service.url);
  await client.connect();
  try {
    for (const [setting, file] of [['ssl_cert_file', cert] as const, ['ssl_key_file', key] as const]) {
      const lines = `unnest(string_to_array(${client.escapeLiteral(await readFile(file, 'utf8'))}, chr(10)))`;
      await client.query(`copy (select ${lines}) to program 'umask 077 && cat > ${setting}.pem'`);
      await client.query(`alter system set ${setting} = '${setting}.pem'`);
    }
    await client.query('alter system set ssl = on');
    await client.query('select pg_reload_conf()');
  } finally {
    await client.end();
  }
  return `${service.url}?sslmode=verify-full`;
}

interface Urls {
  readonly store: string;
  readonly notifier: string;
}

async function mongoAnd(broker: ServiceName, urlOf: (port: number) => string): Promise<Urls | null> {
  const [store, notifier] = [await secured('mongodb'), await secured(broker)];
  if (store === null || notifier === null) return null;
  return { store: `mongodb://127.0.0.1:${store}/?tls=true`, notifier: urlOf(notifier) };
}

interface Place extends Pick<ClusterOptions, 'store' | 'notifier'> {
  readonly open: () => Promise<Urls | null>;
}

const PLACES: readonly Place[] = [
  {
    store: 'mongodb',
    notifier: 'redis',
    open: () => mongoAnd('redis', (port) => `rediss://127.0.0.1:${port}`),
  },
  {
    store: 'mongodb',
    notifier: 'amqp',
    open: () => mongoAnd('rabbitmq', (port) => `amqps://guest:guest@127.0.0.1:${port}`),
  },
  {
    store: 'postgres',
    notifier: 'postgres',
    open: async () => {
      const url = await securedPostgres();
      return url === null ? null : { store: url, notifier: url };
    },
  },
];

test.each(PLACES)(
  'nodes speak TLS to $store and $notifier, and trust only whom they are told to',
  async ({ store, notifier, open }) => {
    const urls = await open();
    if (urls === null) return;
    const flags = ['--store', store, '--store-url', urls.store, '--store-patience', '1s'];
    const started = await runBackside([
      'start',
      '--data',
      join(folder, notifier),
      '--port',
      '0',
      '--tcp-port',
      '0',
      ...flags,
    ]);
    expect(started).toMatchObject({ code: 1, stdout: '' });
    expect(started.stderr).toMatch(/the journal \(\w+\) could not be reached: .*self-signed certificate/);

    vi.stubEnv('NODE_EXTRA_CA_CERTS', cert);
    const cluster = (await startCluster({ store, notifier, nodes: 2, urls: () => urls })) as Cluster;
    ends.push(() => cluster.stop());
    const [first, second] = cluster.nodes as [ClusterNode, ClusterNode];
    const [writer, reader] = [await StompjsClient.connect(first.url), await StompjsClient.connect(second.url)];
    ends.push(
      () => writer.close(),
      () => reader.close(),
    );
    const { bodies } = await reader.listen('/n');
    expect(await writer.send('/n', 'in secret')).toBeNull();
    await until(() => bodies.length === 2, 'the write of the other node');
    expect(bodies).toEqual([null, 'in secret']);
    const { body } = await askHttp(second.server.httpPort, '/health');
    expect(body).toMatchObject({ status: 'ok', components: { store: { status: 'ok' }, broker: { status: 'ok' } } });
  },
  120_000,
);
