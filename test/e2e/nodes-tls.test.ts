import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type Cluster, type ClusterNode, type ClusterOptions, startCluster } from '../harness/cluster.js';
import { askHttp } from '../harness/http-client.js';
import { StompjsClient, until } from '../harness/stompjs-client.js';
import { type ServiceName, useService as serviceOf } from '../services/index.js';
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
  const service = await serviceOf(name);
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

type Place = Pick<ClusterOptions, 'store' | 'notifier'> & { readonly urls: { store: string; notifier: string } };

const BROKER_URLS = {
  redis: (port: number) => `rediss://127.0.0.1:${port}`,
  amqp: (port: number) => `amqps://guest:guest@127.0.0.1:${port}`,
} as const;

async function placeOver(notifier: keyof typeof BROKER_URLS): Promise<Place | null> {
  const [store, broker] = [await secured('mongodb'), await secured(notifier === 'amqp' ? 'rabbitmq' : notifier)];
  if (store === null || broker === null) return null;
  const urls = { store: `mongodb://127.0.0.1:${store}/?tls=true`, notifier: BROKER_URLS[notifier](broker) };
  return { store: 'mongodb', notifier, urls };
}

test.each(['redis', 'amqp'] as const)(
  'nodes speak TLS to mongodb and %s, and trust only whom they are told to',
  async (notifier) => {
    const place = await placeOver(notifier);
    if (place === null) return;
    const { store, urls } = place;
    const flags = ['--store', store, '--store-url', urls.store, '--store-patience', '1s'];
    const started = await runBackside(['start', '--data', join(folder, notifier), '--port', '0', ...flags]);
    expect(started).toMatchObject({ code: 1, stdout: '' });
    expect(started.stderr).toMatch(/the journal \(mongodb\) could not be reached: .*self-signed certificate/);

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
