import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDatabase, type Database, openAuthorizer } from '@backside/api';
import { createMemoryNotifier, type Notifier } from '@backside/notifier';
import { BacksideError, NOBODY, SILENT_LOGGER } from '@backside/protocol';
import { createMemoryJournal, createMemoryReplica, type Journal } from '@backside/store';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createHealthHandler, healthOf } from './health.js';
import { createMetrics } from './metrics.js';
import { createProxy, type StompProxy } from './proxy.js';
import { TestClient } from './session-fixture.js';

/** How long the database waits for its journal here, in milliseconds. */
const PATIENCE_MS = 60;

/** A journal that other nodes might share, and the way to it. */
function sharedJournal(): { journal: Journal; link: { up: boolean } } {
  const link = { up: true };
  const store = createMemoryJournal({ keepCommits: 1_000 });
  const refusal = (): BacksideError => new BacksideError('unavailable', 'connection refused');
  const refused = async <Answer>(call: () => Promise<Answer>): Promise<Answer> => {
    if (!link.up) throw refusal();
    return call();
  };
  const journal: Journal = {
    supports: { durability: 'none', sharedBetweenNodes: true },
    epoch: store.epoch,
    head: () => refused(() => store.head()),
    first: () => refused(() => store.first()),
    append: (base, commits) => {
      const durable = refused(() => store.append(base, commits).durable);
      return { accepted: durable, durable };
    },
    commits: (after) => store.commits(after),
    trim: async () => {},
    close: () => store.close(),
  };
  return { journal, link };
}

/** A notifier that says it reaches other machines. */
function broker(link: { up: boolean }): Notifier {
  const notifier = createMemoryNotifier();
  return Object.defineProperties(notifier, {
    betweenNodes: { value: true },
    state: { get: () => ({ up: link.up, dropped: 3 }) },
  });
}

interface Node {
  readonly database: Database;
  readonly proxy: StompProxy;
  readonly link: { up: boolean };
  readonly brokerLink: { up: boolean };
  client(): Promise<TestClient>;
  /** Takes the journal away and waits until the node knows. */
  lose(): Promise<void>;
}

async function openNode(): Promise<Node> {
  const { journal, link } = sharedJournal();
  const brokerLink = { up: true };
  const database = await createDatabase({
    name: 'test',
    journal,
    replica: createMemoryReplica(),
    notifier: broker(brokerLink),
    authorizer: openAuthorizer,
    logger: SILENT_LOGGER,
    now: () => Date.now(),
    random: Math.random,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
    nodeId: 'node-a',
    limits: { journalPatienceMs: PATIENCE_MS },
  });
  const proxy = createProxy({
    databases: () => database,
    authenticate: async () => NOBODY,
    logger: SILENT_LOGGER,
    now: () => Date.now(),
  });
  const client = async (): Promise<TestClient> => {
    const connection = new TestClient(proxy, 'plain');
    await connection.connect('1.2', {});
    return connection;
  };
  const lose = async (): Promise<void> => {
    link.up = false;
    await expect.poll(() => database.staleness(), { timeout: 10_000 }).not.toBeNull();
  };
  return { database, proxy, link, brokerLink, client, lose };
}

describe('while the journal is out of reach', () => {
  test('a SEND is refused at once with the time after which to try again', async () => {
    const node = await openNode();
    const client = await node.client();
    await node.lose();
    client.send('SEND', { destination: '/a', receipt: '1' }, '1');
    const error = await client.next();
    expect(error).toMatchObject({ command: 'ERROR', headers: { code: 'unavailable', 'retry-after': '1000' } });
  });

  test('a first MESSAGE says how stale it may be, and later ones do not', async () => {
    const node = await openNode();
    const client = await node.client();
    client.send('SEND', { destination: '/a', receipt: '1' }, '1');
    expect(await client.next()).toMatchObject({ command: 'RECEIPT' });
    await node.lose();
    client.send('SUBSCRIBE', { id: 's', destination: '/a' });
    const first = await client.next();
    expect(first).toMatchObject({ command: 'MESSAGE', body: '1' });
    expect(Number(first.headers.stale)).toBeGreaterThan(0);
    client.send('SUBSCRIBE', { id: 'r', destination: '/a', resume: `${node.database.epoch}:1` });
    const resumed = await client.next();
    expect(resumed).toMatchObject({ body: '{}', headers: { resumed: 'true', revision: '1' } });
    expect(Number(resumed.headers.stale)).toBeGreaterThan(0);
    node.link.up = true;
    await expect.poll(() => node.database.staleness(), { timeout: 10_000 }).toBeNull();
    client.send('SEND', { destination: '/a' }, '2');
    const later = await client.next();
    expect(later).toMatchObject({ command: 'MESSAGE', body: '2' });
    expect(later.headers).not.toHaveProperty('stale');
  });
});

describe('health', () => {
  const of = ({ proxy, database }: Node) => healthOf({ proxy, databases: () => [database] });

  test('is degraded while the journal is out of reach, and tells store, broker and replica apart', async () => {
    const node = await openNode();
    expect(of(node)).toMatchObject({
      status: 'ok',
      components: {
        store: { status: 'ok', staleMs: null },
        broker: { status: 'ok', dropped: 3 },
        replica: { status: 'ok', lag: 0, lagMs: 0 },
      },
    });
    await node.lose();
    expect(of(node)).toMatchObject({ status: 'degraded', components: { store: { status: 'down' } } });
    expect(of(node).components?.store.staleMs).toBeGreaterThan(0);
  });

  test('is ok without the broker, which only makes others hear later', async () => {
    const node = await openNode();
    node.brokerLink.up = false;
    expect(of(node)).toMatchObject({ status: 'ok', components: { broker: { status: 'down' } } });
  });

  test('answers 503 then, and 200 to who asks for reads', async () => {
    const node = await openNode();
    const observed = { proxy: node.proxy, databases: () => [node.database] };
    const health = createHealthHandler(observed, createMetrics(observed), SILENT_LOGGER);
    const server = http.createServer((request, response) => void health(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const ask = async (query = ''): Promise<number> => (await fetch(`http://127.0.0.1:${port}/health${query}`)).status;
    expect([await ask(), await ask('?for=reads')]).toEqual([200, 200]);
    await node.lose();
    expect([await ask(), await ask('?for=reads')]).toEqual([503, 200]);
    await node.proxy.drain();
    expect(await ask('?for=reads')).toBe(503);
  });

  test('shows in the metrics', async () => {
    const node = await openNode();
    const metrics = createMetrics({ proxy: node.proxy, databases: () => [node.database] });
    const before = await metrics.metrics();
    expect(before).toMatch(/^backside_database_journal_reachable\{database="test"\} 1$/m);
    expect(before).toMatch(/^backside_database_notifier_up\{database="test"\} 1$/m);
    expect(before).toMatch(/^backside_database_notices_dropped_total\{database="test"\} 3$/m);
    expect(before).toMatch(/^backside_database_conflict_ratio\{database="test"\} 0$/m);
    expect(before).toMatch(/^backside_database_replica_lag_revisions\{database="test"\} 0$/m);
    await node.lose();
    const after = await metrics.metrics();
    expect(after).toMatch(/^backside_database_journal_reachable\{database="test"\} 0$/m);
    expect(after).not.toMatch(/^backside_database_replica_lag_seconds\{database="test"\} 0$/m);
    expect(after).toMatch(/^backside_database_replica_lag_seconds\{database="test"\} [\d.]+$/m);
  });
});
