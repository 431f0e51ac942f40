import type { Commit } from '@backside/protocol';
import { createMemoryReplica, type Journal } from '@backside/store';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sharedService } from '../../../test/services/index.js';
import { createPostgresJournal } from './postgres-journal.js';
import { probePostgres } from './probe.js';
import { createPostgresProjector } from './projector.js';
import { tablesOf } from './schema.js';
import { commitOf, journalOptions, projectAll, TEST_SCHEMA } from './test-server.js';
import { JournalTrim } from './trim.js';

const postgres = await sharedService('postgres');
afterAll(() => postgres?.stop(), 30_000);

describe.skipIf(postgres === null)('the history of a database', () => {
  const url = postgres?.url ?? '';
  let admin: pg.Pool;
  beforeAll(() => {
    admin = new pg.Pool({ connectionString: url });
  });
  afterAll(() => admin.end());

  it('is begun once, however many nodes ask for it at the same time in a new schema', async () => {
    const schema = `fresh_${process.pid}`;
    const options = journalOptions(url, { schema });
    const journals = await Promise.all(Array.from({ length: 8 }, () => createPostgresJournal(options)));
    expect(new Set(journals.map(({ epoch }) => epoch)).size).toBe(1);
    for (const journal of journals) await journal.close();
    expect((await probePostgres({ url, schema })).missing).toEqual([]);
    await admin.query(`drop schema ${schema} cascade`);
    expect((await probePostgres({ url, schema })).missing).toHaveLength(9);
  });

  it('is not trimmed away under a writer who does not know it', { timeout: 60_000 }, async () => {
    const options = journalOptions(url);
    const [journal, stale] = [await createPostgresJournal(options), await createPostgresJournal(options)];
    const projector = await createPostgresProjector({ ...options, idleMs: 5 });
    const trim = new JournalTrim(admin, tablesOf(TEST_SCHEMA), options);
    const outcomes = new Set<string>();
    let writing = true;
    const late = (async () => {
      for (let base = 0; writing; base = (base + 1) % 50) {
        if (base + 3 > (await stale.head())) continue;
        const { status } = await stale.append(base, [commitOf(base + 1, [{ path: ['late'], value: base }])]).durable;
        outcomes.add(status);
      }
    })();
    for (let base = 0; base < 60; base++) {
      await journal.append(base, [numbered(base + 1)]).durable;
      if (base % 3 === 0) await projector.catchUp();
      await trim.upTo(base + 1);
    }
    writing = false;
    await late;
    expect([...outcomes]).toEqual(['revision-conflict']);
    const stored = await admin.query(`select first::int from ${TEST_SCHEMA}.journal where database = $1`, [
      options.database,
    ]);
    for (const { first } of stored.rows) expect(first).toBeGreaterThanOrEqual(await journal.first());
    await Promise.all([projector.close(), journal.close(), stale.close()]);
  });

  it('is not continued from where a trim has begun that nobody could see yet', async () => {
    const options = journalOptions(url);
    const journal = await createPostgresJournal(options);
    for (let base = 0; base < 10; base++) await journal.append(base, [numbered(base + 1)]).durable;
    const { databases, journal: rows } = tablesOf(TEST_SCHEMA);
    const trimmer = await admin.connect();
    await trimmer.query('begin');
    await trimmer.query(`update ${databases} set trimmed = 8 where database = $1`, [options.database]);
    await trimmer.query(`delete from ${rows} where database = $1 and last <= 8`, [options.database]);
    const late = journal.append(3, [numbered(4)]).durable;
    await expect.poll(() => waitingFor(admin, 'with history'), { timeout: 10_000 }).toBe(1);
    await trimmer.query('commit');
    trimmer.release();
    expect(await late).toMatchObject({ status: 'revision-conflict', head: 10 });
    expect(await journal.append(10, [numbered(11)]).durable).toEqual({ status: 'appended', head: 11 });
    await journal.close();
  });

  it('is kept as long and as large as the retention says, beyond what the checkpoint needs', async () => {
    const options = journalOptions(url, { retention: { ageMs: 3_600_000, bytes: 5_000 } });
    const journal = await createPostgresJournal(options);
    for (let base = 0; base < 10; base++) {
      await journal.append(base, [commitOf(base + 1, [{ path: ['k'], value: 'x'.repeat(900) }])]).durable;
    }
    await journal.trim(10);
    expect(await journal.first()).toBe(1); // nothing is projected
    await projectAll(options);
    const again = await createPostgresJournal(options);
    await again.trim(10);
    expect(await again.first()).toBe(6); // of nearly 1,000 bytes each, five fit
    await Promise.all([journal.close(), again.close()]);
  });

  it('keeps what follows a checkpoint for as long as that is read', async () => {
    const options = journalOptions(url);
    const journal = await createPostgresJournal(options);
    const trim = new JournalTrim(admin, tablesOf(TEST_SCHEMA), options);
    for (let base = 0; base < 3; base++) await journal.append(base, [numbered(base + 1)]).durable;
    await projectAll(options);
    const checkpoint = (await journal.checkpoint!())!;
    await journal.append(3, [numbered(4)]).durable;
    await projectAll(options);
    await trim.upTo(4);
    expect(await journal.first()).toBe(1);
    const entries: unknown[] = [];
    for await (const batch of checkpoint.entries) entries.push(...batch);
    expect([checkpoint.revision, entries.length]).toEqual([3, 3]);
    await trim.upTo(4);
    expect(await journal.first()).toBe(5);
    await journal.close();
  });

  it('is refused by a version that is too old for it', async () => {
    const options = journalOptions(url);
    const journal = await createPostgresJournal(options);
    await journal.append(0, [numbered(1)]).durable;
    await admin.query(`update ${TEST_SCHEMA}.databases set format = 99, min_reader = '7.0.0' where database = $1`, [
      options.database,
    ]);
    await expect(createPostgresJournal(options)).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('version 7.0.0 or later is needed'),
    });
    expect((await journal.append(1, [numbered(2)]).durable.catch((error) => error)).code).toBe('internal');
    await journal.close();
  });

  it('ends for those who knew it when another one begins under its name', async () => {
    const options = journalOptions(url);
    const journal = await createPostgresJournal(options);
    await admin.query(`update ${TEST_SCHEMA}.databases set epoch = 'another' where database = $1`, [options.database]);
    const read = (): Promise<unknown> => journal.commits(0)[Symbol.asyncIterator]().next();
    for (const ask of [() => journal.head(), () => journal.first(), read])
      await expect(ask()).rejects.toMatchObject({ code: 'internal' });
    await expect(journal.append(0, [numbered(1)]).durable).rejects.toMatchObject({ code: 'internal' });
    await journal.close();
  });

  it('is projected by several nodes together, each commit once and in order', { timeout: 60_000 }, async () => {
    const options = journalOptions(url);
    const journal = await createPostgresJournal(options);
    const projectors = await Promise.all(
      ['a', 'b', 'c'].map((nodeId) => createPostgresProjector({ ...options, nodeId, idleMs: 2 })),
    );
    for (let base = 0; base < 120; base++) {
      await journal.append(base, [commitOf(base + 1, [{ path: ['n', `${base % 11}`], value: base }])]).durable;
    }
    expect(await Promise.all(projectors.map((projector) => projector.catchUp()))).toEqual([120, 120, 120]);
    const replica = createMemoryReplica();
    const checkpoint = (await journal.checkpoint!())!;
    await replica.restore(journal.epoch, checkpoint.revision, checkpoint.entries);
    expect(JSON.parse(Buffer.concat([...replica.streamJson(['n'], 'val')]).toString())).toEqual([
      110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 109,
    ]);
    await Promise.all([...projectors.map((projector) => projector.close()), journal.close()]);
  });

  it('takes a write of the largest size, and gives it to a new node', { timeout: 60_000 }, async () => {
    const options = journalOptions(url);
    const journal = await createPostgresJournal(options);
    const changes = [0, 1].map((index) => ({ path: ['big', `${index}`], value: '\u0000é'.repeat(1_000_000) }));
    expect(await journal.append(0, [commitOf(1, changes), numbered(2)]).durable).toMatchObject({ status: 'appended' });
    expect((await readAll(journal))[0]?.changes[1]?.value === changes[1]?.value).toBe(true);
    await projectAll(options);
    const replica = createMemoryReplica();
    const checkpoint = (await journal.checkpoint!())!;
    await replica.restore(journal.epoch, checkpoint.revision, checkpoint.entries);
    expect(replica.glance(['big', '0']) === changes[0]?.value).toBe(true);
    await journal.close();
  });

  it('tells nobody the password of its server', async () => {
    const wrong = Object.assign(new URL(url), { password: 'very secret', pathname: '/nowhere' }).href;
    const error: Error = await createPostgresJournal(journalOptions(wrong)).catch((reason) => reason);
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(`${error.message} ${JSON.stringify(error)} ${String(error.cause)}`).not.toMatch(/secret/);
  });

  it('is of a server that tells what it is like', async () => {
    const facts = await probePostgres({ url, schema: TEST_SCHEMA });
    expect(facts).toMatchObject({ encoding: 'UTF8', standby: false, synchronousStandbys: '' });
    expect(facts.version).toMatch(/^\d+\.\d+/);
    expect(Math.abs(facts.clockAheadMs)).toBeLessThan(10_000);
    expect(facts.appendMs).toBeGreaterThan(0);
  });
});

/** How many statements that hold these words wait for a lock. */
async function waitingFor(admin: pg.Pool, words: string): Promise<number> {
  const { rowCount } = await admin.query(
    "select from pg_stat_activity where wait_event_type = 'Lock' and position($1 in query) > 0",
    [words],
  );
  return rowCount ?? 0;
}

function numbered(revision: number): Commit {
  return commitOf(revision, [{ path: ['k', `${revision % 7}`], value: revision }]);
}

async function readAll(journal: Journal): Promise<Commit[]> {
  const all: Commit[] = [];
  for await (const commits of journal.commits(0)) all.push(...commits);
  return all;
}
