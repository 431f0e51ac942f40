import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { Notifier } from '@backside/notifier';
import type { BrokerOptions } from '@backside/notifier/broker';
import { Commit, type Logger } from '@backside/protocol';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../../../test/harness/free-ports.js';
import { findCommand } from '../../../test/services/programs.js';
import { ServerProcess } from '../../../test/services/server-process.js';
import { createRedisNotifier, probeRedis } from './redis-notifier.js';

const program = await findCommand(['redis-server']);
const openssl = await findCommand(['openssl']);
const TIMEOUT_MS = 90_000;
/** A node of a cluster takes the port so far above its own for what the nodes tell each other. */
const CLUSTER_BUS_BY = 10_000;
const TIMING = { checkEveryMs: 250, answerWithinMs: 1_000, retryFirstMs: 50, retryLastMs: 500, patienceMs: 20_000 };

let folder: string;
let servers: ServerProcess[];
let notifiers: Notifier[];
let logged: unknown[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backside-redis-'));
  [servers, notifiers, logged] = [[], [], []];
});
afterEach(async () => {
  for (const notifier of notifiers) await notifier.close();
  for (const server of servers) await server.kill();
  await rm(folder, { recursive: true });
});

async function startServer(port: number, ...args: string[]): Promise<ServerProcess> {
  const common = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
  const server = new ServerProcess({ command: program!, args: [...args, ...common] });
  servers.push(server);
  await server.ready(Number(args[args.indexOf('--tls-port') + 1]) || port, async () => true);
  return server;
}

async function connect(url: string, options: Partial<BrokerOptions> = {}): Promise<Notifier> {
  const log = (fields: unknown): unknown => logged.push(fields);
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  const notifier = await createRedisNotifier({ url, nodeId: 'a node', logger, timing: TIMING, ...options });
  notifiers.push(notifier);
  return notifier;
}

/** Sends commands to one server until their answers are as wanted. */
async function ask(
  port: number,
  isWanted: (answer: string) => boolean,
  ...command: [string, ...string[]]
): Promise<void> {
  const redis = new Redis({ port, protocol: 2 });
  try {
    await expect.poll(async () => isWanted(String(await redis.call(...command))), { timeout: 30_000 }).toBe(true);
  } finally {
    redis.disconnect();
  }
}

/** What a server prints of its connections. */
async function clientsAt(port: number): Promise<string> {
  const redis = new Redis({ port, protocol: 2 });
  try {
    return String(await redis.client('LIST'));
  } finally {
    redis.disconnect();
  }
}

/** Follows `main` as the heads that are told, null for a gap. */
async function follow(notifier: Notifier): Promise<(number | null)[]> {
  const heads: (number | null)[] = [];
  await notifier.subscribe('main', ({ head }) => heads.push(head));
  return heads;
}

let revision = 0;

/** What is published once is heard once both are up; a failover may take what is published during it. */
async function isTold(publisher: Notifier, heads: (number | null)[]): Promise<void> {
  const next = ++revision;
  publisher.publish('main', [new Commit({ revision: next, time: 0, author: null, origin: 'n', changes: [] })]);
  await expect.poll(() => heads.includes(next), { timeout: 20_000 }).toBe(true);
}

describe.skipIf(program === null)('a notifier over Sentinels', { timeout: TIMEOUT_MS }, () => {
  async function startMasterAndReplica(): Promise<{ url: string; sentinel: number; master: ServerProcess }> {
    const [first, second, sentinel] = (await freePorts(3)) as [number, number, number];
    const master = await startServer(first);
    await startServer(second, '--replicaof', '127.0.0.1', `${first}`);
    const config = join(folder, 'sentinel.conf');
    const settings = [
      `monitor my-main 127.0.0.1 ${first} 1`,
      'down-after-milliseconds my-main 1000',
      'failover-timeout my-main 2000',
    ];
    await writeFile(config, settings.map((line) => `sentinel ${line}\n`).join(''));
    const process = new ServerProcess({
      command: program!,
      args: [config, '--sentinel', '--port', `${sentinel}`, '--dir', folder],
    });
    servers.push(process);
    await process.ready(sentinel, async () => true);
    await ask(sentinel, (replicas) => replicas.includes(`${second}`), 'SENTINEL', 'REPLICAS', 'my-main');
    await ask(first, (info) => info.includes('state=online'), 'INFO', 'replication');
    return { url: `redis+sentinel://127.0.0.1:${sentinel}/my-main`, sentinel, master };
  }

  it('follows the master when it dies, and tells of a gap', async () => {
    const { url, master } = await startMasterAndReplica();
    const [publisher, other] = [await connect(url), await connect(url)];
    const heads = await follow(other);
    await isTold(publisher, heads);
    await master.kill();
    await expect.poll(() => heads.includes(null), { timeout: 30_000 }).toBe(true);
    await expect.poll(() => publisher.state.up, { timeout: 30_000 }).toBe(true);
    await isTold(publisher, heads);
  });

  it('follows the master when it becomes a replica', async () => {
    const { url, sentinel } = await startMasterAndReplica();
    const [publisher, other] = [await connect(url), await connect(url)];
    const heads = await follow(other);
    await ask(sentinel, (answer) => answer === 'OK', 'SENTINEL', 'FAILOVER', 'my-main');
    await expect.poll(() => heads.includes(null), { timeout: 30_000 }).toBe(true);
    await expect.poll(() => publisher.state.up, { timeout: 30_000 }).toBe(true);
    await isTold(publisher, heads);
  });

  it('refuses a replica that is named directly: nobody would hear it', async () => {
    const [first, second] = (await freePorts(2)) as [number, number];
    await startServer(first);
    await startServer(second, '--replicaof', '127.0.0.1', `${first}`);
    const refused = connect(`redis://127.0.0.1:${second}`, { timing: { ...TIMING, patienceMs: 500 } });
    await expect(refused).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('not a master'),
    });
  });
});

describe.skipIf(program === null)('a notifier over a Cluster', { timeout: TIMEOUT_MS }, () => {
  async function startCluster(): Promise<number[]> {
    const ports = await freePorts(3, CLUSTER_BUS_BY);
    const timeout = ['--cluster-node-timeout', '1000'];
    for (const port of ports)
      await startServer(port, '--cluster-enabled', 'yes', '--cluster-config-file', `${port}.conf`, ...timeout);
    for (const [index, port] of ports.entries()) {
      const [from, to] = [
        [0, 5_000],
        [5_001, 10_000],
        [10_001, 16_383],
      ][index]!.map(String) as [string, string];
      await ask(port, (answer) => answer === 'OK', 'CLUSTER', 'ADDSLOTSRANGE', from, to);
      await ask(port, (answer) => answer === 'OK', 'CLUSTER', 'MEET', '127.0.0.1', `${ports[0]}`);
    }
    for (const port of ports) await ask(port, (info) => info.includes('cluster_state:ok'), 'CLUSTER', 'INFO');
    return ports;
  }

  const urlOf = (...ports: number[]): string => `redis://${ports.map((port) => `127.0.0.1:${port}`).join(',')}`;

  it('reaches those at every node, and goes on at another node when its own dies', async () => {
    const ports = await startCluster();
    const publisher = await connect(urlOf(ports[0]!));
    const other = await connect(urlOf(ports[1]!, ports[2]!), { nodeId: 'other' });
    const heads = await follow(other);
    await isTold(publisher, heads);
    const isAtFirst = (await clientsAt(ports[1]!)).includes('name=backside:other ');
    await servers[isAtFirst ? 1 : 2]!.kill();
    await expect.poll(() => publisher.state.up && other.state.up && heads.length > 1, { timeout: 30_000 }).toBe(true);
    await isTold(publisher, heads);
  });

  it('is down at a node that has lost the others, and tells of a gap when they are back', async () => {
    const ports = await startCluster();
    const [publisher, other] = [await connect(urlOf(ports[0]!)), await connect(urlOf(ports[1]!))];
    const heads = await follow(other);
    await isTold(publisher, heads);
    for (const away of [servers[0]!, servers[2]!]) away.signal('SIGSTOP');
    await expect.poll(() => other.state.up, { timeout: 30_000 }).toBe(false);
    for (const away of [servers[0]!, servers[2]!]) away.signal('SIGCONT');
    await expect.poll(() => publisher.state.up && other.state.up, { timeout: 30_000 }).toBe(true);
    expect(heads).toContain(null);
    await isTold(publisher, heads);
  });
});

describe.skipIf(program === null)('a notifier over a guarded server', () => {
  it('signs in, and never says with what', async () => {
    const [port] = (await freePorts(1)) as [number];
    await startServer(port, '--requirepass', 's3cret');
    const url = `redis://:s3cret@127.0.0.1:${port}`;
    const [publisher, other] = [await connect(url), await connect(url)];
    await isTold(publisher, await follow(other));
    expect((await probeRedis(url)).version).toMatch(/^Redis \d/);
    const wrong = connect(`redis://:wr0ng@127.0.0.1:${port}`, { timing: { ...TIMING, patienceMs: 500 } });
    const refusal = await wrong.catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'unavailable' });
    expect(inspect([refusal, logged], { depth: 12 })).not.toMatch(/s3cret|wr0ng/);
  });

  it('works for a user who may do no more than publish and subscribe', async () => {
    const [port] = (await freePorts(1)) as [number];
    await startServer(port);
    const rights = ['resetkeys', '&backside.*', '+publish', '+subscribe', '+unsubscribe', '+ping', '+client|setname'];
    await ask(port, (answer) => answer === 'OK', 'ACL', 'SETUSER', 'bob', 'on', '>pw', ...rights);
    const url = `redis://bob:pw@127.0.0.1:${port}`;
    expect((await probeRedis(url)).roundTripMs).toBeGreaterThan(0);
    const [publisher, other] = [await connect(url), await connect(url)];
    await isTold(publisher, await follow(other));
  });

  it.skipIf(openssl === null)('speaks TLS, and only to whom it trusts', async () => {
    const [port, plain] = (await freePorts(2)) as [number, number];
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2'];
    execFileSync(
      openssl!,
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject],
      { stdio: 'ignore' },
    );
    const secured = [
      '--tls-port',
      `${port}`,
      '--tls-cert-file',
      cert,
      '--tls-key-file',
      key,
      '--tls-ca-cert-file',
      cert,
    ];
    await startServer(plain, ...secured, '--tls-auth-clients', 'no');
    const url = `rediss://localhost:${port}`;
    const tls = { ca: await readFile(cert, 'utf8') };
    const prefix = randomUUID();
    const [publisher, other] = [await connect(url, { tls, prefix }), await connect(url, { tls, prefix })];
    await isTold(publisher, await follow(other));
    const untrusted = connect(url, { timing: { ...TIMING, patienceMs: 500 } });
    await expect(untrusted).rejects.toMatchObject({ code: 'unavailable' });
  });
});
