import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Cluster, type ClusterNode, type ClusterStore, startCluster } from '../harness/cluster.js';
import { askHttp } from '../harness/http-client.js';
import { StompjsClient, until } from '../harness/stompjs-client.js';
import { runBackside } from './run-backside.js';

const PORTS = ['--port', '0', '--tcp-port', '0'];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backside-newer-'));
});
afterAll(() => rm(folder, { recursive: true }));

const clusters: Cluster[] = [];
afterEach(async () => {
  await Promise.all(clusters.splice(0).map((cluster) => cluster.stop()));
});

async function clusterOf(options: Parameters<typeof startCluster>[0]): Promise<Cluster | null> {
  const cluster = await startCluster(options);
  if (cluster !== null) clusters.push(cluster);
  return cluster;
}

function flagOf(cluster: Cluster, name: string): string {
  return cluster.flags[cluster.flags.indexOf(name) + 1]!;
}

interface Format {
  readonly format: number;
  /** The release that it takes. */
  readonly reader: string;
}

const NEWER: Format = { format: 2, reader: '9.4.0' };
const OURS: Format = { format: 1, reader: '0.1.0' };

/** What a release does to the journal that stores in another format. */
const SET_FORMAT: Readonly<Record<ClusterStore, (cluster: Cluster, format: Format) => Promise<void>>> = {
  mongodb: async (cluster, { format: v, reader: minReader }) => {
    const client = await new MongoClient(flagOf(cluster, '--store-url')).connect();
    try {
      const database = client.db(flagOf(cluster, '--store-namespace'));
      const histories = database.collection<{ _id: string }>('histories');
      const { modifiedCount } = await histories.updateOne({ _id: 'default' }, { $set: { v, minReader } });
      expect(modifiedCount).toBe(1);
    } finally {
      await client.close();
    }
  },
  postgres: async (cluster, { format, reader }) => {
    const client = new pg.Client(flagOf(cluster, '--store-url'));
    await client.connect();
    try {
      const databases = `"${flagOf(cluster, '--store-namespace')}".databases`;
      const update = `update ${databases} set format = $1, min_reader = $2 where database = 'default'`;
      expect((await client.query(update, [format, reader])).rowCount).toBe(1);
    } finally {
      await client.end();
    }
  },
};

test.each(['mongodb', 'postgres'] as const)(
  'a journal in %s of a newer format is refused with the version that it takes, and left as it is',
  async (store) => {
    const cluster = await clusterOf({ store, notifier: 'none', nodes: 1 });
    if (cluster === null) return;
    const [node] = cluster.nodes as [ClusterNode];
    const client = await StompjsClient.connect(node.url);
    expect(await client.send('/n', 1)).toBeNull();
    await client.close();
    await node.stop();
    await SET_FORMAT[store](cluster, NEWER);
    for (const data of [node.server.dataDir, join(folder, `new-${store}`)]) {
      for (const workers of ['1', '2']) {
        const started = await runBackside(['start', '--data', data, '--workers', workers, ...PORTS, ...cluster.flags]);
        expect({ code: started.code, ready: started.stdout }).toEqual({ code: 1, ready: '' });
        expect(started.stderr).toMatch(
          /the journal.* has format 2[;,] this version reads up to 1: (version )?9\.4\.0 or later is needed/,
        );
      }
    }
    await SET_FORMAT[store](cluster, OURS);
    await node.restart();
    const back = await StompjsClient.connect(node.url);
    expect((await back.listen('/n')).bodies).toEqual([1]);
    await back.close();
  },
  120_000,
);

test('notices of a newer format are taken as hints: what they tell of comes from the journal', async () => {
  const cluster = await clusterOf({ store: 'postgres', notifier: 'redis', nodes: 1 });
  if (cluster === null) return;
  const [node] = cluster.nodes as [ClusterNode];
  const client = await StompjsClient.connect(node.url);
  const { bodies } = await client.listen('/told');
  const publish = await openPublisher(flagOf(cluster, '--notifier-url'));
  try {
    const topic = `${flagOf(cluster, '--notifier-prefix')}.n-default`;
    const head = Number((await runBackside(['set', '/first', '1', '--url', node.url])).stdout.trim());
    expect(await publish.to(topic, noticeOfFormat2(head + 1))).toBe(1);
    for (const noise of [Buffer.alloc(0), Buffer.from('{}'), randomBytes(300)]) await publish.to(topic, noise);
    // This one tells nobody, as a node whose notices are lost.
    await writeFile(join(folder, 'told.json'), '"by nobody"');
    const silent = ['--data', join(folder, 'silent'), ...cluster.flags.slice(0, cluster.flags.indexOf('--notifier'))];
    expect(await runBackside(['import', join(folder, 'told.json'), '/told', ...silent])).toMatchObject({ code: 0 });
    await until(() => bodies.length === 2, 'what nobody told of');
    for (let round = 0; round < 20; round += 1) {
      expect(await client.send('/told', round)).toBeNull();
      await publish.to(topic, noticeOfFormat2(head + 2 + round));
    }
    await until(() => bodies.length === 22, 'an event for each write');
    expect(bodies).toEqual([null, 'by nobody', ...Array.from({ length: 20 }, (_, round) => round)]);
  } finally {
    publish.close();
    await client.close();
  }
  expect((await askHttp(node.server.httpPort, '/health')).status).toBe(200);
  expect(node.server.output()).not.toMatch(/\b(ERROR|WARN)\b.*notice/);
}, 120_000);

/** The header that all formats have in common, and something that only a newer release understands. */
function noticeOfFormat2(head: number): Buffer {
  const header = Buffer.alloc(10);
  header.writeUInt8(0xb5, 0);
  header.writeUInt8(2, 1);
  header.writeBigUInt64BE(BigInt(head), 2);
  return Buffer.concat([header, randomBytes(16 + 200)]);
}

interface Publisher {
  /** Resolves with how many heard it. */
  to(channel: string, message: Buffer): Promise<number>;
  close(): void;
}

/** Speaks to Redis by hand. */
async function openPublisher(url: string): Promise<Publisher> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  return {
    async to(channel, message) {
      const answer = once(socket, 'data');
      const head = `*3\r\n$7\r\nPUBLISH\r\n$${channel.length}\r\n${channel}\r\n$${message.length}\r\n`;
      socket.write(Buffer.concat([Buffer.from(head), message, Buffer.from('\r\n')]));
      const [text] = (await answer) as [Buffer];
      return Number(/^:(\d+)\r\n$/.exec(text.toString())?.[1]);
    },
    close: () => socket.destroy(),
  };
}
