import { ADMIN, BacksideError } from '@backside/protocol';
import { describe, expect, it } from 'vitest';
import { listen, set, valueAt } from './testing/database.js';
import { TestNodes } from './testing/nodes.js';

const write = (value: unknown, key?: string) => ({
  principal: ADMIN,
  steps: [set('/a', value)],
  ...(key !== undefined && { idempotencyKey: key }),
});

describe.each(['refused', 'frozen'] as const)('while the way to the journal is %s', (state) => {
  it('a write is refused within the patience and then at once, and is told when to try again', async () => {
    const nodes = new TestNodes();
    const node = await nodes.node();
    node.links(state);
    const start = nodes.time.now();
    await expect(nodes.time.result(node.database.write(write(1)), 2_600)).rejects.toMatchObject({
      code: 'unavailable',
      retryAfterMs: expect.any(Number),
    });
    await nodes.time.until(() => node.database.staleness() !== null, 4_000);
    expect(nodes.time.now() - start).toBeLessThan(4_000);
    await expect(node.database.write(write(2))).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 1_000 });
    expect(node.link.calls.append).toBe(0);
  });

  it('writes that wait are refused as well, and reads and open listens stay', async () => {
    const nodes = new TestNodes();
    const [node, other] = [await nodes.node(), await nodes.node()];
    await nodes.write(node, '/a', 0);
    const { heard } = listen(node.database, '/a');
    await nodes.time.pass(10);
    node.links(state);
    const waiting = Array.from({ length: 20 }, (_, index) => node.database.write(write(index)));
    const outcomes = await nodes.time.result(Promise.allSettled(waiting), 6_000);
    expect(new Set(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code))).toEqual(
      new Set(['unavailable']),
    );
    expect(valueAt(node.database, '/a')).toBe(0);
    node.links('up');
    await nodes.time.until(() => node.database.staleness() === null, 1_000);
    await nodes.write(other, '/a', 'later');
    await nodes.time.until(() => heard.lines.at(-1) === 'put /a "later"', 1_000);
    expect(heard.cancelled).toBeNull();
    await nodes.write(node, '/a', 'own', 100);
  });

  it('a new listen begins with what is there and says how old it may be', async () => {
    const nodes = new TestNodes();
    const [node, other] = [await nodes.node(), await nodes.node()];
    await nodes.write(node, '/a', 1);
    await nodes.time.pass(2_000);
    node.links(state);
    node.broker.up = false;
    await nodes.write(other, '/a', 2);
    const first = listen(node.database, '/a', { once: true });
    await nodes.time.until(() => first.heard.lines.length > 0, 4_000);
    expect(first.heard.lines).toEqual(['put /a 1']);
    expect(first.heard.events[0]!.staleMs).toBeGreaterThan(1_000);
    const second = listen(node.database, '/a');
    const at = `${node.database.epoch}:1`;
    const resumed = listen(node.database, '/a', { resume: at });
    await nodes.time.pass(1);
    expect(second.heard.events[0]!.staleMs).toBeGreaterThanOrEqual(first.heard.events[0]!.staleMs!);
    node.links('up');
    await nodes.time.until(() => second.heard.lines.at(-1) === 'put /a 2', 1_000);
    expect(second.heard.events.at(-1)!.staleMs).toBeNull();
    expect(resumed.heard.lines.at(-1)).toBe('put /a 2');
  });
});

it('a node starts over a journal that takes longer to answer than its patience is later', async () => {
  const nodes = new TestNodes();
  await nodes.write(await nodes.node(), '/a', 1);
  const node = await nodes.node({ roundTripMs: 5_000 });
  expect(valueAt(node.database, '/a')).toBe(1);
  for (const link of [node.link, node.privateLink]) link.roundTripMs = 1;
  await nodes.time.until(() => node.database.staleness() === null, 20_000);
  await nodes.write(node, '/a', 2);
});

it('nobody who has seen more on another node is taken back by one that is cut off', async () => {
  const nodes = new TestNodes();
  const [node, other] = [await nodes.node(), await nodes.node()];
  await nodes.write(other, '/a', 1);
  await nodes.time.pass(2_000);
  node.links('refused');
  node.broker.up = false;
  await nodes.write(other, '/a', 2);
  const resume = `${node.database.epoch}:2`;
  const query = { limitToFirst: 1 };
  const comers = [listen(node.database, '/a', { resume }), listen(node.database, '/', { resume, query })];
  await nodes.time.until(() => comers.every(({ heard }) => heard.cancelled !== null), 4_000);
  for (const { heard } of comers) {
    expect(heard.cancelled).toMatchObject({ code: 'unavailable', retryAfterMs: expect.any(Number) });
    expect(heard.lines).toEqual([]);
  }
  node.links('up');
  await nodes.time.until(() => node.database.revision === 2, 2_000);
  const again = listen(node.database, '/a', { resume });
  await nodes.write(other, '/a', 3);
  await nodes.time.until(() => again.heard.lines.at(-1) === 'put /a 3', 2_000);
  expect(again.heard.cancelled).toBeNull();
});

it('a journal that has lost commits makes nodes that had them give up, and no answer that is merely late does', async () => {
  const nodes = new TestNodes();
  const lost: string[] = [];
  const node = await nodes.node({ onLost: ({ message }) => lost.push(message) });
  await nodes.write(node, '/a', 1);
  await nodes.write(node, '/a', 2);
  const { journal } = node.link;
  const { head } = journal;
  let late = 3;
  Object.assign(journal, { head: () => (late-- > 0 ? Promise.resolve(1) : head()) });
  await nodes.time.pass(10_000);
  expect(lost).toEqual([]);
  Object.assign(journal, { head: () => Promise.resolve(1) });
  await nodes.time.pass(10_000);
  expect(lost).toEqual([expect.stringContaining('ends at revision 1, but this node has had 2')]);
});

it('a journal that says again and again that it is another one makes nodes give up, and one that says so for a moment does not', async () => {
  const nodes = new TestNodes();
  const lost: string[] = [];
  const node = await nodes.node({ onLost: ({ message }) => lost.push(message) });
  await nodes.write(node, '/a', 1);
  const { journal } = node.link;
  const { head } = journal;
  const refusal = (): Promise<number> => Promise.reject(new BacksideError('internal', 'restored'));
  let refusals = 3;
  Object.assign(journal, { head: () => (refusals-- > 0 ? refusal() : head()) });
  await nodes.time.pass(10_000);
  expect(lost).toEqual([]);
  await nodes.write(node, '/a', 2);
  Object.assign(journal, { head: refusal });
  await nodes.time.pass(10_000);
  expect(lost).toEqual(['restored']);
});

describe('an outage', () => {
  it('that is over leaves a node healthy although nobody writes to it', async () => {
    const nodes = new TestNodes();
    const node = await nodes.node();
    node.links('refused');
    await expect(nodes.time.result(node.database.write(write(1)), 5_000)).rejects.toMatchObject({
      code: 'unavailable',
    });
    await nodes.time.pass(30_000);
    expect(node.database.stats().degraded).toBe(true);
    node.links('up');
    await nodes.time.pass(1_000);
    expect(node.database.stats().degraded).toBe(false);
  });

  it('that only appends meet is told as long as they fail', async () => {
    const nodes = new TestNodes();
    const node = await nodes.node();
    node.link.loseAnswers = 1;
    await expect(nodes.time.result(node.database.write(write(1)), 14_000)).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(node.database.staleness()).toBeNull();
    expect(node.database.stats().degraded).toBe(true);
    await nodes.write(node, '/a', 2);
    expect(node.database.stats().degraded).toBe(false);
  });

  it('shorter than the patience only delays', async () => {
    const nodes = new TestNodes();
    const node = await nodes.node();
    node.links('frozen');
    const written = node.database.write(write(1));
    const { heard } = listen(node.database, '/a');
    await nodes.time.pass(1_500);
    node.links('up');
    await expect(nodes.time.result(written, 100)).resolves.toMatchObject({ revision: 1 });
    expect(node.database.staleness()).toBeNull();
    expect(heard.events[0]!.staleMs).toBeNull();
  });

  it('of the broker alone leaves writes alone, and others hear of them by polling', async () => {
    const nodes = new TestNodes();
    const [node, other] = [await nodes.node(), await nodes.node()];
    await nodes.time.pass(5_000);
    other.broker.up = false;
    const { heard } = listen(other.database, '/a');
    await nodes.time.pass(1_500);
    await nodes.write(node, '/a', 1);
    expect(await nodes.time.until(() => heard.lines.length === 2, 1_000)).toBeLessThanOrEqual(300);
    expect(other.database.stats().peers).toMatchObject({ reachable: true, broker: { up: false } });
  });
});

describe('a write whose answer never comes', () => {
  it('is answered as one that may have been stored, and is there once when it is sent again', async () => {
    const nodes = new TestNodes();
    const [node, other] = [await nodes.node(), await nodes.node()];
    node.link.loseAnswers = 1;
    const lost = node.database.write(write({ '.sv': { increment: 1 } }, 'key-1'));
    await expect(nodes.time.result(lost, 14_000)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('may or may not'),
    });
    for (const again of [node, other]) {
      const repeated = nodes.time.result(again.database.write(write({ '.sv': { increment: 1 } }, 'key-1')), 2_000);
      await expect(repeated).resolves.toEqual({ revision: 1, pushed: [] });
      expect(valueAt(again.database, '/a')).toBe(1);
    }
  });

  it('that was on its way while the store stood still is there once, too', async () => {
    const nodes = new TestNodes();
    const [node, other] = [await nodes.node(), await nodes.node()];
    node.links('frozen');
    await expect(nodes.time.result(node.database.write(write(1, 'k')), 14_000)).rejects.toMatchObject({
      code: 'unavailable',
    });
    const repeated = nodes.time.result(other.database.write(write(1, 'k')), 1_000);
    node.links('up');
    await expect(repeated).resolves.toMatchObject({ revision: 1 });
    await nodes.time.pass(2_000);
    await expect(nodes.time.result(node.database.write(write(1, 'k')), 1_000)).resolves.toMatchObject({ revision: 1 });
    expect(await nodes.store.journal.head()).toBe(1);
  });
});
