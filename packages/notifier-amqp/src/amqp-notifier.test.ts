import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { createServer } from 'node:tls';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { driverConformance } from '@backside/notifier/driver-suites';
import { Commit, SILENT_LOGGER } from '@backside/protocol';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { startFaultyProxy } from '../../../test/harness/faulty-proxy.js';
import { startService } from '../../../test/services/index.js';
import { findCommand } from '../../../test/services/programs.js';
import { createAmqpNotifier, probeAmqp } from './amqp-notifier.js';

const server = await startService('rabbitmq');
const openssl = await findCommand(['openssl']);
afterAll(() => server?.stop());

describe.skipIf(server === null)('rabbitmq', () => {
  driverConformance('amqp notifier', {
    server: server!,
    startLine: (targetPort) => startFaultyProxy({ targetPort }),
    create: createAmqpNotifier,
    probe: probeAmqp,
  });

  it('tells a node that was stopped for long that its queue overflowed, though its link lived on', async () => {
    const prefix = randomUUID();
    const child = forkSubscriber(server!.url, prefix);
    onTestFinished(() => void child.kill('SIGKILL'));
    const told: { commits: number; head: number | null }[] = [];
    await new Promise<void>((resolve) => {
      child.on('message', (message) => (message === 'ready' ? resolve() : told.push(message as (typeof told)[number])));
    });
    const publisher = await createAmqpNotifier({ ...OPTIONS, url: server!.url, prefix, maxNoticeBytes: 200_000 });
    child.kill('SIGSTOP');
    const count = 600;
    for (let revision = 1; revision <= count; revision += 1) {
      publisher.publish('main', [commitAt(revision, 'x'.repeat(100_000))]);
      if (revision % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await publisher.close();
    child.kill('SIGCONT');
    await expect.poll(() => told.some(({ head }) => head === count), { timeout: 30_000 }).toBe(true);
    await expect.poll(() => told.some(({ head }) => head === null), { timeout: 30_000 }).toBe(true);
    expect(told.reduce((sum, { commits }) => sum + commits, 0)).toBeLessThan(count);
  }, 90_000);

  it('signs in, and never says with what', async () => {
    const logged: unknown[] = [];
    const log = (fields: unknown): unknown => logged.push(fields);
    const logger = { debug: log, info: log, warn: log, error: log };
    const url = server!.url.replace('guest:guest', 'guest:wr0ng-s3cret');
    const timing = { patienceMs: 2_000 };
    const refusal = await createAmqpNotifier({ ...OPTIONS, url, logger, timing }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'unavailable', message: expect.stringMatching(/ACCESS.REFUSED/) });
    expect(inspect([refusal, logged], { depth: 12 })).not.toContain('wr0ng-s3cret');
  });

  it.skipIf(openssl === null)('speaks TLS, and only to whom it trusts', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'backside-amqp-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '2'];
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject];
    execFileSync(openssl!, request, { stdio: 'ignore' });
    const [keyText, certText] = [await readFile(key, 'utf8'), await readFile(cert, 'utf8')];
    await rm(folder, { recursive: true });
    const front = createServer({ key: keyText, cert: certText }, (client) => {
      const broker = connect(server!.port, '127.0.0.1');
      pipeline(client, broker, client, () => undefined); // how it ends is the notifier's to tell
    });
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    const { port } = front.address() as AddressInfo;
    const url = `amqps://guest:guest@localhost:${port}`;
    const facts = await probeAmqp(url, { tls: { ca: certText } });
    expect(facts.version).toMatch(/^RabbitMQ \d/);
    const untrusted = createAmqpNotifier({ ...OPTIONS, url, timing: { patienceMs: 500 } });
    await expect(untrusted).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('certificate'),
    });
    await new Promise((resolve) => front.close(resolve));
  });

  it('finds the server that is there among several', async () => {
    const prefix = randomUUID();
    const url = server!.url.replace('@', '@127.0.0.1:1,');
    const [publisher, other] = [
      await createAmqpNotifier({ ...OPTIONS, url, prefix }),
      await createAmqpNotifier({ ...OPTIONS, url, prefix }),
    ];
    const heard = new Promise(
      (resolve) => void other.subscribe('main', resolve).then(() => publisher.publish('main', [commitAt(1)])),
    );
    expect(await heard).toMatchObject({ head: 1 });
    await Promise.all([publisher.close(), other.close()]);
  });
});

const OPTIONS = { nodeId: 'a node', logger: SILENT_LOGGER };

function forkSubscriber(url: string, prefix: string): ChildProcess {
  const module = new URL('./subscriber.child.ts', import.meta.url);
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return fork(fileURLToPath(module), [url, prefix], { execArgv: ['--conditions=source', '--import', loader] });
}

function commitAt(revision: number, value: string | number = revision): Commit {
  return new Commit({ revision, time: 0, author: null, origin: 'n', changes: [{ path: ['k'], value }] });
}
