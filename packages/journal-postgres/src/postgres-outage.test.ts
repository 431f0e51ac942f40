import type { Commit } from '@backside/protocol';
import type { Journal } from '@backside/store';
import { afterAll, describe, expect, it } from 'vitest';
import { NO_FAULTS, startFaultyProxy } from '../../../test/harness/faulty-proxy.js';
import { startService } from '../../../test/services/index.js';
import { createPostgresJournal } from './postgres-journal.js';
import { createPostgresProjector } from './projector.js';
import { atPort, commitOf, journalOptions, projectAll } from './test-server.js';

const postgres = await startService('postgres');
afterAll(() => postgres?.stop(), 30_000);

describe.skipIf(postgres === null)('a journal whose server or line fails', { timeout: 120_000 }, () => {
  const url = postgres?.url ?? '';

  it('stores every append exactly once over a line that is cut all the time', async () => {
    const line = await startFaultyProxy({ targetPort: postgres!.port });
    const options = journalOptions(atPort(url, line.port), { patienceMs: 60_000 });
    const journal = await createPostgresJournal(options);
    line.faults = { ...NO_FAULTS, cut: 0.08, split: 0.1, delayMs: 1 };
    for (let base = 0; base < 150; base++) {
      expect(await journal.append(base, [numbered(base + 1)]).durable).toEqual({ status: 'appended', head: base + 1 });
    }
    expect(line.counts.cuts).toBeGreaterThan(5);
    line.faults = NO_FAULTS;
    expect((await readAll(journal)).map(numberOf)).toEqual(Array.from({ length: 150 }, (_, index) => index + 1));
    await journal.close();
    await line.stop();
  });

  it('waits for a server that is killed and started again, and loses nothing that it took', async () => {
    const journal = await createPostgresJournal(journalOptions(url, { patienceMs: 60_000 }));
    await journal.append(0, [numbered(1)]).durable;
    const projector = await createPostgresProjector(journalOptions(url));
    await postgres!.kill();
    const appends = [1, 2, 3].map((base) => journal.append(base, [numbered(base + 1)]).durable);
    await expect(journal.head()).rejects.toMatchObject({ code: 'unavailable' });
    await postgres!.restart();
    expect((await Promise.all(appends)).map(({ head }) => head)).toEqual([2, 3, 4]);
    expect((await readAll(journal)).map(numberOf)).toEqual([1, 2, 3, 4]);
    await projector.close();
    await journal.close();
  });

  it('refuses appends to a server that does not answer, and tells the truth about them afterwards', async () => {
    const options = journalOptions(url, { patienceMs: 300, requestTimeoutMs: 700 });
    const journal = await createPostgresJournal(options);
    await journal.append(0, [numbered(1)]).durable;
    postgres!.freeze();
    const appends = [1, 2].map((base) => journal.append(base, [numbered(base + 1)]));
    const refusals = await Promise.allSettled(appends.map(({ durable }) => durable));
    postgres!.thaw();
    for (const refusal of refusals) expect(refusal).toMatchObject({ reason: { code: 'unavailable' } });
    await expect.poll(() => journal.head().catch(() => null), { timeout: 30_000 }).not.toBeNull();
    const head = await journal.head();
    expect([1, 3]).toContain(head); // none of them, or all: they were stored as one
    const next = await journal.append(1, [commitOf(2, [{ path: ['k'], value: 'again' }])]).durable;
    if (next.status === 'appended') expect((await readAll(journal)).map(numberOf)).toEqual([1, 'again']);
    else expect((await readAll(journal)).map(numberOf)).toEqual([1, 2, 3]);
    await journal.close();
  });

  it('goes on projecting after an outage, from where it was', async () => {
    const options = journalOptions(url, { patienceMs: 60_000 });
    const journal = await createPostgresJournal(options);
    const projector = await createPostgresProjector({ ...options, idleMs: 50 });
    await journal.append(0, [numbered(1)]).durable;
    await postgres!.kill();
    await expect.poll(() => projector.state.lagMs, { timeout: 30_000 }).toBeGreaterThan(0);
    await postgres!.restart();
    await journal.append(1, [numbered(2)]).durable;
    await expect.poll(() => projector.state, { timeout: 30_000 }).toMatchObject({ revision: 2, lagMs: 0 });
    expect((await journal.checkpoint!())?.revision).toBe(2);
    await Promise.all([projector.close(), journal.close()]);
  });

  it('does not hold up the others with a projector that is cut off in the middle', async () => {
    const line = await startFaultyProxy({ targetPort: postgres!.port, maxFrozenMs: 3_000 });
    const options = journalOptions(url);
    const journal = await createPostgresJournal(options);
    const cutOff = await createPostgresProjector({ ...options, url: atPort(url, line.port), idleMs: 5 });
    line.faults = { ...NO_FAULTS, freeze: 0.02 };
    for (let base = 0; base < 200; base++) await journal.append(base, [numbered(base + 1)]).durable;
    await expect.poll(() => line.counts.frozen, { timeout: 30_000 }).toBeGreaterThan(0);
    await projectAll(options);
    expect((await journal.checkpoint!())?.revision).toBe(200);
    line.cutAll();
    await line.stop();
    await Promise.all([cutOff.close(), journal.close()]);
  });
});

function numbered(revision: number): Commit {
  return commitOf(revision, [{ path: ['k', `${revision % 7}`], value: revision }]);
}

function numberOf({ changes }: Commit): unknown {
  return changes[0]?.value;
}

async function readAll(journal: Journal): Promise<Commit[]> {
  const all: Commit[] = [];
  for await (const commits of journal.commits(0)) all.push(...commits);
  return all;
}
