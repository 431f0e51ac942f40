import type { Journal } from '@backside/store';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NO_FAULTS, startFaultyProxy } from '../../../test/harness/faulty-proxy.js';
import { sharedService } from '../../../test/services/index.js';
import { commitAt, summary } from './test-commits.js';
import { TestPlace, until } from './test-place.js';
import { startRelay, type TestRelay, urlThrough } from './test-relay.js';

vi.setConfig({ testTimeout: 120_000 });

const server = await sharedService('mongodb');
afterAll(() => server?.stop());
const port = server === null ? 0 : Number(new URL(server.url).port);

describe.skipIf(server === null)('an append to MongoDB whose answer is lost', () => {
  let place: TestPlace;
  let relay: TestRelay;
  beforeEach(async () => {
    place = new TestPlace(server!.url);
    relay = await startRelay(port);
  });
  afterEach(async () => {
    relay.deaf = false;
    await place.remove();
    await relay.stop();
  });

  it('is recognised as stored once the server answers again, and stored once', async () => {
    const journal = await place.open({ url: relay.url, patienceMs: 10_000 });
    relay.deaf = true;
    const append = journal.append(0, [commitAt(1)]);
    const direct = await place.open();
    await until(async () => (await direct.head()) === 1);
    relay.deaf = false;
    relay.cut();
    expect(await append.durable).toEqual({ status: 'appended', head: 1 });
    expect(await journal.append(1, [commitAt(2)]).durable).toEqual({ status: 'appended', head: 2 });
    expect(await summary(direct)).toEqual(['1 node-1 1', '2 node-1 2']);
    expect(relay.lost).toBeGreaterThan(0);
  });

  it('is refused as unavailable if that takes too long, and found by whoever appends next', async () => {
    const journal = await place.open({ url: relay.url, patienceMs: 50, requestTimeoutMs: 300 });
    relay.deaf = true;
    await expect(journal.append(0, [commitAt(1, 'lost')]).durable).rejects.toMatchObject({ code: 'unavailable' });
    await expect(journal.append(0, [commitAt(1)]).durable).rejects.toMatchObject({ code: 'unavailable' });
    relay.deaf = false;
    relay.cut();
    const next = (): Promise<number> =>
      journal.append(1, [commitAt(2)]).durable.then(
        ({ head }) => head,
        () => 0,
      );
    await until(async () => (await next()) === 2);
    expect(await summary(journal)).toEqual(['1 node-1 lost', '2 node-1 2']);
  });

  it('is there once or not at all, and never told wrongly, on a line that breaks all the time', async () => {
    const proxy = await startFaultyProxy({ targetPort: port });
    const journal = await place.open({
      url: urlThrough(proxy.port),
      patienceMs: 100,
      requestTimeoutMs: 500,
    });
    const direct = await place.open({ nodeId: 'direct' });
    const told = { appended: [] as string[], refused: [] as string[], unknown: [] as string[] };
    for (let attempt = 0; attempt < 20; attempt++) {
      proxy.faults = NO_FAULTS;
      await until(() => takesAppends(journal));
      const revision = (await direct.head()) + 1;
      proxy.faults = { ...NO_FAULTS, cut: 0.2 };
      const outcome = await journal
        .append(revision - 1, [commitAt(revision, attempt, 'broken')])
        .durable.catch((error: { code: string }) => ({ status: error.code }) as const);
      const entry = `${revision} broken ${attempt}`;
      if (outcome.status === 'appended') told.appended.push(entry);
      else if (outcome.status === 'revision-conflict') told.refused.push(entry);
      else told.unknown.push(entry);
    }
    const stored = await summary(direct);
    expect(proxy.counts.cuts).toBeGreaterThan(5);
    expect(told.appended.length).toBeGreaterThan(5);
    expect(new Set(stored).size).toBe(stored.length);
    for (const entry of told.appended) expect(stored).toContain(entry);
    for (const entry of told.refused) expect(stored).not.toContain(entry);
    for (const entry of stored) expect([...told.appended, ...told.unknown]).toContain(entry);
    await proxy.stop();
  });
});

async function takesAppends(journal: Journal): Promise<boolean> {
  const head = await journal.head().catch(() => 0);
  const outcome = await journal.append(head, []).durable.catch(() => null);
  return outcome?.status === 'appended';
}
