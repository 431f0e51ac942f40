import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { Notice, Notifier } from '@backside/notifier';
import type { BrokerOptions } from '@backside/notifier/broker';
import { Commit, type Logger } from '@backside/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../../../test/harness/free-ports.js';
import { findCommand, PROGRAMS } from '../../../test/services/programs.js';
import { ServerProcess } from '../../../test/services/server-process.js';
import { createNatsNotifier, probeNats } from './nats-notifier.js';

const program = await findCommand(PROGRAMS.nats.commands);
const openssl = await findCommand(['openssl']);
const IMPATIENT = { patienceMs: 500 };

let folder: string;
let servers: ServerProcess[];
let notifiers: Notifier[];
let logged: unknown[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backside-nats-'));
  [servers, notifiers, logged] = [[], [], []];
});
afterEach(async () => {
  for (const notifier of notifiers) await notifier.close();
  for (const server of servers) await server.kill();
  await rm(folder, { recursive: true });
});

/** Starts a server with these lines in its configuration; resolves with its port. */
async function startServer(...settings: string[]): Promise<number> {
  const [port] = (await freePorts(1)) as [number];
  const config = join(folder, `${port}.conf`);
  await writeFile(config, [`listen: "127.0.0.1:${port}"`, ...settings].join('\n'));
  const server = new ServerProcess({ command: program!, args: ['-c', config] });
  servers.push(server);
  await server.ready(port, async () => true);
  return port;
}

async function connect(url: string, options: Partial<BrokerOptions> = {}): Promise<Notifier> {
  const log = (fields: unknown): unknown => logged.push(fields);
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  const notifier = await createNatsNotifier({ url, nodeId: 'a node', logger, ...options });
  notifiers.push(notifier);
  return notifier;
}

/** What a second notifier hears first of what a first one publishes. */
async function told(url: string, value: string, options: Partial<BrokerOptions> = {}): Promise<Notice> {
  const [publisher, other] = [await connect(url, options), await connect(url, options)];
  const changes = [{ path: ['k'], value }];
  return new Promise((resolve) => {
    const publish = (): void =>
      publisher.publish('main', [new Commit({ revision: 7, time: 0, author: null, origin: 'n', changes })]);
    void other.subscribe('main', resolve).then(publish);
  });
}

describe.skipIf(program === null)('a notifier over NATS', () => {
  it('signs in with a name and a password, and never says with what', async () => {
    const port = await startServer('authorization { user: bob, password: "s3cret/x" }');
    const url = `nats://bob:s3cret%2Fx@127.0.0.1:${port}`;
    expect(await told(url, 'x')).toMatchObject({ head: 7, commits: [{ revision: 7 }] });
    expect((await probeNats(url)).version).toMatch(/^NATS \d/);
    const refusal = await connect(`nats://bob:wr0ng@127.0.0.1:${port}`, { timing: IMPATIENT }).catch((error) => error);
    expect(refusal).toMatchObject({ code: 'unavailable' });
    expect(inspect([refusal, logged], { depth: 12 })).not.toMatch(/s3cret|wr0ng/);
  });

  it('signs in with a token', async () => {
    const port = await startServer('authorization { token: "t0ken" }');
    expect(await told(`nats://t0ken@127.0.0.1:${port}`, 'x')).toMatchObject({ head: 7 });
  });

  it('is not up for a user who may not hear', async () => {
    const rights = 'permissions: { publish: ">", subscribe: { deny: "backside.>" } }';
    const port = await startServer(`authorization { users: [{ user: bob, password: pw, ${rights} }] }`);
    const refused = connect(`nats://bob:pw@127.0.0.1:${port}`, { timing: IMPATIENT });
    await expect(refused).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('ermission') });
  });

  it('carries commits as large as the server lets it', async () => {
    const port = await startServer('max_payload: 4194304');
    const notice = await told(`nats://127.0.0.1:${port}`, 'x'.repeat(1_500_000));
    expect(notice.commits[0]?.changes[0]?.value).toHaveLength(1_500_000);
  });

  it.skipIf(openssl === null)('speaks TLS, and only to whom it trusts', async () => {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2'];
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject];
    execFileSync(openssl!, request, { stdio: 'ignore' });
    const port = await startServer(`tls { cert_file: "${cert}", key_file: "${key}" }`);
    const url = `tls://localhost:${port}`;
    const tls = { ca: await readFile(cert, 'utf8') };
    expect(await told(url, 'x', { tls })).toMatchObject({ head: 7 });
    await expect(connect(url, { timing: IMPATIENT })).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('does not speak without TLS where the URL asks for it', async () => {
    const port = await startServer();
    const refused = connect(`tls://localhost:${port}`, { timing: IMPATIENT });
    await expect(refused).rejects.toMatchObject({ code: 'unavailable' });
  });
});
