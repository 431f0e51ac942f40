/**
 * What the journal costs beside the plainest use of the same server: appends against single inserts, a notification against pg_notify
 * by hand, the projection, and a checkpoint of many leaves. Prints one line per figure. Run from the root of the repository:
 *
 *     node --conditions=source --import tsx packages/journal-postgres/src/postgres.bench.ts [leaves]
 */
import { SILENT_LOGGER } from '@backside/protocol';
import type { Journal } from '@backside/store';
import { type Change, makeMap } from '@backside/tree';
import pg from 'pg';
import { startService } from '../../../test/services/index.js';
import { createPostgresJournal } from './postgres-journal.js';
import { createPostgresNotifier } from './postgres-notifier.js';
import { createPostgresProjector } from './projector.js';
import { commitOf, journalOptions } from './test-server.js';

const LEAVES = Number(process.argv[2] ?? 1_000_000);
const WRITERS = 64;
const RUN_MS = 4_000;

function print(name: string, figure: string): void {
  process.stdout.write(`${name.padEnd(62)} ${figure}\n`);
}

const small = (index: number): Change => ({ path: ['items', `k${index % 1000}`], value: 'v'.repeat(60) });

/** How often per second `work` gets done by so many at once. */
async function rate(writers: number, work: () => Promise<unknown>): Promise<number> {
  const end = performance.now() + RUN_MS;
  let done = 0;
  const write = async (): Promise<void> => {
    while (performance.now() < end) {
      await work();
      done += 1;
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: writers }, write));
  return (done * 1000) / (performance.now() - start);
}

async function rawInserts(url: string, writers: number): Promise<number> {
  const pool = new pg.Pool({ connectionString: url, max: writers });
  await pool.query('create table if not exists raw (id bigint generated always as identity primary key, packed bytea)');
  const packed = commitOf(1, [small(1)]).encoded();
  const found = await rate(writers, () =>
    pool.query({ name: 'raw', text: 'insert into raw (packed) values ($1)', values: [packed] }),
  );
  await pool.end();
  return found;
}

async function appends(url: string, writers: number): Promise<number> {
  const journal = await createPostgresJournal(journalOptions(url));
  let head = 0;
  const found = await rate(writers, () => journal.append(head, [commitOf(++head, [small(head)])]).durable);
  await journal.close();
  return found;
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
}

/** Milliseconds from publishing until the other has heard, one at a time. */
async function noticeMs(url: string): Promise<number> {
  const options = { url, schema: 'bench', logger: SILENT_LOGGER, nodeId: 'bench' };
  const [publisher, listener] = [await createPostgresNotifier(options), await createPostgresNotifier(options)];
  let heard = (): void => {};
  await listener.subscribe('main', () => heard());
  const times: number[] = [];
  for (let revision = 1; revision <= 500; revision++) {
    const arrived = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const start = performance.now();
    publisher.publish('main', [commitOf(revision, [small(revision)])]);
    await arrived;
    times.push(performance.now() - start);
  }
  await Promise.all([publisher.close(), listener.close()]);
  return median(times);
}

async function rawNoticeMs(url: string): Promise<number> {
  const [sender, listener] = [new pg.Client(url), new pg.Client(url)];
  await Promise.all([sender.connect(), listener.connect()]);
  await Promise.all([sender.query('set synchronous_commit = off'), listener.query('listen raw')]);
  const times: number[] = [];
  for (let round = 0; round < 500; round++) {
    const arrived = new Promise((resolve) => listener.once('notification', resolve));
    const start = performance.now();
    await Promise.all([sender.query("select pg_notify('raw', $1)", ['x'.repeat(200)]), arrived]);
    times.push(performance.now() - start);
  }
  await Promise.all([sender.end(), listener.end()]);
  return median(times);
}

/** Fills a database with leaves, thousands per commit, then changes some of them one by one. */
async function fill(journal: Journal, leaves: number): Promise<void> {
  let head = 0;
  for (let start = 0; start < leaves; start += 10_000) {
    const rows = Array.from({ length: Math.min(10_000, leaves - start) }, (_, offset) => {
      const key = `item${String(start + offset).padStart(8, '0')}`;
      return [key, start + offset] as const;
    });
    await journal.append(head, [commitOf(++head, [{ path: ['items', `page${start}`], value: makeMap(rows) }])]).durable;
  }
}

async function measureProjection(url: string): Promise<void> {
  const options = journalOptions(url);
  const journal = await createPostgresJournal(options);
  await fill(journal, LEAVES);
  const keep = { ...options, retention: { ageMs: 1e12, bytes: Number.MAX_SAFE_INTEGER } };
  const filling = performance.now();
  const projector = await createPostgresProjector(keep);
  await projector.catchUp();
  print(`projection of ${LEAVES} new leaves`, `${(LEAVES / (performance.now() - filling)).toFixed(0)} leaves per ms`);
  await projector.close();
  const changes = 50_000;
  let head = await journal.head();
  const writes = Array.from({ length: changes }, (_, index) => {
    const leaf = (index * 7919) % LEAVES;
    const path = ['items', `page${leaf - (leaf % 10_000)}`, `item${String(leaf).padStart(8, '0')}`];
    return journal.append(head, [commitOf(++head, [{ path, value: -index }])]).durable;
  });
  await Promise.all(writes);
  const changing = performance.now();
  const again = await createPostgresProjector(keep);
  await again.catchUp();
  const perSecond = (changes * 1000) / (performance.now() - changing);
  print(`projection of ${changes} commits of one leaf each among them`, `${perSecond.toFixed(0)} per s`);
  await again.close();
  await measureCheckpoint(journal);
  await journal.close();
}

async function measureCheckpoint(journal: Journal): Promise<void> {
  const start = performance.now();
  const checkpoint = (await journal.checkpoint!())!;
  let entries = 0;
  for await (const batch of checkpoint.entries) entries += batch.length;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  print(`checkpoint of ${entries} leaves read`, `${seconds} s`);
}

const server = await startService('postgres');
if (server === null) throw new Error('there is no PostgreSQL to measure');
const single = await rawInserts(server.url, 1);
print('raw inserts, one connection', `${single.toFixed(0)} per s`);
const many = await rawInserts(server.url, WRITERS);
print(`raw inserts, ${WRITERS} connections`, `${many.toFixed(0)} per s`);
const one = await appends(server.url, 1);
print('appends, one writer', `${one.toFixed(0)} per s, ${(one / single).toFixed(2)} of raw inserts by one`);
const grouped = await appends(server.url, WRITERS);
const ratios = `${(grouped / single).toFixed(1)} x raw inserts by one, ${(grouped / many).toFixed(1)} x those by ${WRITERS}`;
print(`appends, ${WRITERS} writers`, `${grouped.toFixed(0)} per s, ${ratios}`);
const [raw, notice] = [await rawNoticeMs(server.url), await noticeMs(server.url)];
print(
  'a notice, published until heard',
  `${notice.toFixed(2)} ms, ${(notice / raw).toFixed(2)} x pg_notify by hand (${raw.toFixed(2)} ms)`,
);
await measureProjection(server.url);
await server.stop();
