import { Commit, SILENT_LOGGER } from '@backside/protocol';
import type { Journal } from '@backside/store';
import { Binary, type Collection, MongoClient } from 'mongodb';
import { afterAll, beforeAll, bench, describe } from 'vitest';
import { type Service, sharedService } from '../../../test/services/index.js';
import { createMongoJournal } from './mongo-journal.js';

/** What an append costs beside the least that the same server allows: one document of the same size inserted alone. */
const OPTIONS = { time: 2_000, warmupTime: 300 };
const WRITERS = 64;

let server: Service | null = null;
let client: MongoClient;
let raw: Collection<{ _id: string; packed: Binary }>;
let journal: Journal;
let head = 0;
let inserted = 0;

beforeAll(async () => {
  server = await sharedService('mongodb');
  if (server === null) throw new Error('there is no MongoDB server to measure');
  const mongoDatabase = `bench-${crypto.randomUUID()}`;
  client = new MongoClient(server.url);
  raw = client.db(mongoDatabase).collection('raw', { writeConcern: { w: 'majority', journal: true } });
  journal = await createMongoJournal({
    url: server.url,
    mongoDatabase,
    database: 'main',
    nodeId: 'bench',
    logger: SILENT_LOGGER,
  });
});

afterAll(async () => {
  await journal.close();
  await client.close();
  await server?.stop();
});

describe('one small commit at a time', () => {
  bench('insertOne', insert, OPTIONS);
  bench('one append to the journal', append, OPTIONS);
});

describe(`${WRITERS} small commits at a time`, () => {
  bench('insertOne for each, at the same time', () => allOf(insert), OPTIONS);
  bench('an append to the journal for each, at the same time', () => allOf(append), OPTIONS);
});

async function allOf(write: () => Promise<unknown>): Promise<void> {
  await Promise.all(Array.from({ length: WRITERS }, write));
}

async function insert(): Promise<void> {
  await raw.insertOne({ _id: `${++inserted}`, packed: new Binary(nextCommit(inserted).encoded()) });
}

async function append(): Promise<void> {
  const base = head++;
  const outcome = await journal.append(base, [nextCommit(base + 1)]).durable;
  if (outcome.status !== 'appended') throw new Error('nobody else appends');
}

function nextCommit(revision: number): Commit {
  const changes = [{ path: ['items', `k${revision % 1_000}`], value: 'v'.repeat(60) }];
  return new Commit({ revision, time: 1_700_000_000_000, author: 'alice', origin: 'node-1', changes });
}
