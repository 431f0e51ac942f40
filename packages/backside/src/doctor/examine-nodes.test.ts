import type { MongoFacts } from '@backside/journal-mongodb';
import type { PostgresFacts } from '@backside/journal-postgres';
import { afterAll, describe, expect, test } from 'vitest';
import { sharedService } from '../../../../test/services/index.js';
import { parseFlags } from '../config/flags.js';
import { SERVER_OPTIONS, type ServerConfig } from '../config/server-options.js';
import { resolveSettings } from '../config/setting.js';
import { examineNodes } from './examine-nodes.js';
import { guaranteesOf } from './guarantees.js';
import { mongoStoreFacts, postgresStoreFacts } from './probes.js';

function configOf(...flags: string[]): ServerConfig {
  return resolveSettings(SERVER_OPTIONS, [parseFlags(flags, SERVER_OPTIONS).settings]).values;
}

async function examine(...flags: string[]): Promise<string[]> {
  const findings: string[] = [];
  for await (const { verdict, text } of examineNodes(configOf(...flags))) findings.push(`${verdict} ${text}`);
  return findings;
}

const MONGO: MongoFacts = {
  kind: 'replica set',
  version: '7.0.1',
  writeConcern: 'on the disks of a majority of members',
  changeStreams: true,
  clockSkewMs: 3,
  missingIndexes: [],
  appendMs: 2,
};
const POSTGRES: PostgresFacts = {
  version: '16.2',
  encoding: 'UTF8',
  fsync: true,
  synchronousCommit: 'on',
  synchronousStandbys: '',
  standby: false,
  maxConnections: 100,
  clockAheadMs: 0,
  roundTripMs: 1,
  appendMs: 2,
  missing: [],
};

test('what a write survives depends on what the server says of itself', () => {
  expect(mongoStoreFacts(MONGO).survives).toContain('any minority of the members');
  for (const kind of ['standalone', 'wire-compatible server'] as const) {
    expect(mongoStoreFacts({ ...MONGO, kind }).survives).toContain('not the loss of its disk');
  }
  expect(postgresStoreFacts(POSTGRES).survives).toContain('not the loss of its disk');
  expect(postgresStoreFacts({ ...POSTGRES, synchronousStandbys: 'ANY 1 (a, b)' }).survives).toContain('ANY 1 (a, b)');
  const local = { ...POSTGRES, synchronousStandbys: 'a', synchronousCommit: 'local' };
  expect(postgresStoreFacts(local).survives).toContain('not the loss of its disk');
});

test('settings that lose acknowledged writes are problems', () => {
  expect(postgresStoreFacts(POSTGRES).problems).toEqual([]);
  const careless = { ...POSTGRES, fsync: false, synchronousCommit: 'off', standby: true };
  expect(postgresStoreFacts(careless).problems).toEqual([
    'fsync is off: a power loss can lose everything',
    'synchronous_commit is off: a crash loses acknowledged writes',
    'it is a standby, which takes no writes',
  ]);
});

test('each pair of store and notifier has its own promises', () => {
  const promises = [
    configOf(),
    configOf('--workers', '2'),
    configOf('--store', 'memory'),
    configOf('--store', 'mongodb', '--store-url', 'mongodb://a'),
    configOf('--store', 'mongodb', '--store-url', 'mongodb://a', '--notifier', 'amqp', '--notifier-url', 'amqp://a'),
  ].map((config) => guaranteesOf(config).join('; '));
  expect(new Set(promises).size).toBe(promises.length);
  expect(promises[0]).toContain('survives kill -9 and power loss');
  expect(promises[2]).toContain('lost with the process');
});

test('servers that are down are problems, without their passwords', async () => {
  const findings = await examine(
    ...['--store', 'mongodb', '--store-url', 'mongodb://u:sesame@127.0.0.1:1/?serverSelectionTimeoutMS=300'],
    ...['--notifier', 'redis', '--notifier-url', 'redis://:sesame@127.0.0.1:1'],
  );
  expect(findings).toEqual([
    expect.stringMatching(/^problem store: mongodb cannot be used: .*ECONNREFUSED 127\.0\.0\.1:1; no node can start/),
    expect.stringMatching(/^problem notifier: redis cannot be used: .*; nodes ask the store/),
  ]);
  expect(findings.join()).not.toContain('sesame');
});

test('without a notifier it says what that costs, and nothing for a store of one node', async () => {
  expect(await examine('--store', 'memory')).toEqual([]);
  const findings = await examine('--store', 'postgres', '--store-url', 'postgres://127.0.0.1:1/none');
  expect(findings[1]).toBe("note notifier: none; nodes ask the store for each other's writes four times a second");
});

const postgres = await sharedService('postgres');
afterAll(() => postgres?.stop());

describe.skipIf(postgres === null)('with a server', () => {
  test('it is measured', async () => {
    const place = ['--store', 'postgres', '--store-url', postgres!.url, '--store-namespace', 'nobody'];
    const findings = await examine(...place, '--notifier', 'postgres', '--notifier-prefix', 'nobody');
    expect(findings).toEqual([
      expect.stringMatching(/^fine store: postgres at \S+: version \d+/),
      expect.stringMatching(/^fine promise: an acknowledged write survives /),
      expect.stringMatching(/^(fine|note) store: an append takes [\d.]+ ms/),
      expect.stringMatching(/^fine clock: /),
      expect.stringMatching(/^note store: start will make .* missing: "nobody"/),
      expect.stringMatching(/^fine notifier: postgres at \S+: PostgreSQL \d+/),
      expect.stringMatching(/^fine notifier: a message is back after [\d.]+ ms/),
    ]);
  });
});
