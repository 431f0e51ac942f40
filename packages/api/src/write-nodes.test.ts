import { createMemoryHub } from '@backside/notifier';
import { ADMIN, BacksideError, type Commit } from '@backside/protocol';
import { parsePath } from '@backside/tree';
import { describe, expect, it, vi } from 'vitest';
import type { WriteOperation } from './operation.js';
import { listen, set, valueAt } from './testing/database.js';
import { type TestNode, TestNodes } from './testing/nodes.js';

const push = (key: string): WriteOperation => ({
  principal: ADMIN,
  steps: [{ method: 'push', path: ['list'], value: 1 }],
  idempotencyKey: key,
});

const increment: WriteOperation = { principal: ADMIN, steps: [set('/n', { '.sv': { increment: 1 } })] };

describe('a write that is sent again to another node', () => {
  it('is made once though that node has not heard of the first one', async () => {
    const nodes = new TestNodes();
    const [first, second] = [await nodes.node(), await nodes.node()];
    second.broker.up = false;
    const made = await nodes.time.result(first.database.write(push('k')), 100);
    expect(second.database.revision).toBe(0);
    await expect(nodes.time.result(second.database.write(push('k')), 100)).resolves.toEqual(made);
    expect(await nodes.store.journal.head()).toBe(1);
  });

  it('is made once when both come at the same time', async () => {
    const nodes = new TestNodes();
    const all = [await nodes.node(), await nodes.node({ roundTripMs: 7 }), await nodes.node()];
    const results = await nodes.time.result(Promise.all(all.map(({ database }) => database.write(push('k')))), 5_000);
    expect(new Set(results.map(({ revision }) => revision))).toEqual(new Set([1]));
    expect(new Set(results.map(({ pushed }) => String(pushed[0]))).size).toBe(1);
    expect(Object.keys(valueAt(all[1]!.database, '/list') as object)).toHaveLength(1);
  });

  it('is made once though that node was started since, thousands of writes later', async () => {
    const nodes = new TestNodes();
    const first = await nodes.node();
    const made = await nodes.time.result(first.database.write(push('k')), 100);
    await nodes.time.result(Promise.all(Array.from({ length: 9_000 }, () => first.database.write(increment))), 5_000);
    const second = await nodes.node();
    await expect(nodes.time.result(second.database.write(push('k')), 1_000)).resolves.toEqual(made);
    expect(await nodes.store.journal.head()).toBe(9_001);
  });
});

describe('what is decided on a state that another node has changed', () => {
  /** Takes the lock through a node if it is free there. */
  const lock = (node: TestNode): Promise<string> => {
    const operation = {
      principal: ADMIN,
      steps: [set('/lock', node.id)],
      preconditions: [{ path: parsePath('/lock'), hash: '' }],
    };
    return node.database.write(operation).then(
      () => 'made',
      (error: { code: string }) => error.code,
    );
  };

  it('is decided again on the newest one: of several conditional writes one is made', async () => {
    const nodes = new TestNodes();
    const all = [await nodes.node(), await nodes.node({ roundTripMs: 5 }), await nodes.node({ roundTripMs: 9 })];
    for (const { broker } of all) broker.up = false;
    const outcomes = await nodes.time.result(Promise.all(all.map(lock)), 5_000);
    expect(outcomes.toSorted()).toEqual(['made', 'precondition-failed', 'precondition-failed']);
  });

  it('is never refused for what is there no longer', async () => {
    const nodes = new TestNodes();
    const [first, second] = [await nodes.node(), await nodes.node()];
    await nodes.write(first, '/lock', 'taken');
    await nodes.time.pass(2_000);
    second.broker.up = false;
    await nodes.write(first, '/lock', null);
    expect(valueAt(second.database, '/lock')).toBe('taken');
    expect(await nodes.time.result(lock(second), 5_000)).toBe('made');
  });

  it('loses no update of a transaction', async () => {
    const nodes = new TestNodes();
    const all = [await nodes.node(), await nodes.node({ roundTripMs: 4 }), await nodes.node()];
    const count = (node: TestNode): Promise<unknown> =>
      node.database.transaction(ADMIN, ['n'], (current) => Number(current ?? 0) + 1);
    await nodes.time.result(Promise.all(all.flatMap((node) => [count(node), count(node), count(node)])), 30_000);
    await nodes.time.result(all[0]!.database.refresh(), 1_000);
    expect(valueAt(all[0]!.database, '/n')).toBe(9);
  });

  it('costs one question of the journal for all refusals that come together', async () => {
    const nodes = new TestNodes();
    const node = await nodes.node();
    await nodes.write(node, '/lock', 'taken');
    const before = node.link.calls.append;
    const refusals = Array.from({ length: 1_000 }, () => lock(node));
    const outcomes = await nodes.time.result(Promise.all(refusals), 5_000);
    expect(new Set(outcomes)).toEqual(new Set(['precondition-failed']));
    expect(node.link.calls.append - before).toBe(1);
  });
});

describe('a node that misses notices', () => {
  it('hears of what others write from the journal, where that tells', async () => {
    const nodes = new TestNodes();
    const writing = await nodes.node();
    const { journal } = nodes.store.link();
    const ended = vi.fn();
    let tell: (head: number) => void = () => {};
    const hearing = await nodes.node({
      journal: {
        ...journal,
        onHead: (listener) => {
          tell = listener;
          return ended;
        },
      },
    });
    for (const { broker } of [writing, hearing]) broker.up = false;
    await nodes.write(writing, '/a', 1);
    tell(1);
    expect(await nodes.time.until(() => valueAt(hearing.database, '/a') === 1, 100)).toBeLessThanOrEqual(2);
    await nodes.time.result(hearing.database.close(), 5_000);
    expect(ended).toHaveBeenCalledTimes(1);
  });

  it('opens although the broker cannot be heard yet, and hears it later', async () => {
    const nodes = new TestNodes();
    const writing = await nodes.node();
    const hub = createMemoryHub();
    const [mine, others] = [hub.connect(), hub.connect()];
    const subscribe = mine.subscribe.bind(mine);
    const refused = vi.fn(async () => {
      throw new BacksideError('unavailable', 'no link');
    });
    Object.assign(mine, { subscribe: refused });
    const node = await nodes.node({ notifier: mine });
    expect(refused).toHaveBeenCalled();
    Object.assign(mine, { subscribe });
    await nodes.time.pass(1_500);
    await nodes.write(writing, '/a', 1);
    const commits: Commit[] = [];
    for await (const batch of nodes.store.journal.commits(0)) commits.push(...batch);
    others.publish('test', commits);
    expect(await nodes.time.until(() => valueAt(node.database, '/a') === 1, 100)).toBeLessThanOrEqual(1);
  });

  it('reads what others wrote between the commits that one tells at once, as it could not before', async () => {
    const nodes = new TestNodes();
    const [one, other, hearing] = [await nodes.node(), await nodes.node(), await nodes.node()];
    const { heard } = listen(hearing.database, '/n');
    await nodes.time.pass(1);
    for (const { broker } of [one, other]) broker.holds = true;
    for (const node of [one, other, one]) await nodes.time.result(node.database.write(increment), 100);
    expect(hearing.database.revision).toBe(0);
    one.broker.holds = false;
    expect(await nodes.time.until(() => hearing.database.revision === 3, 100)).toBeLessThanOrEqual(10);
    expect(heard.lines).toEqual(['put /n null', 'put /n 1', 'put /n 2', 'put /n 3']);
  });

  it('becomes level although more come while it reads what it missed', async () => {
    const nodes = new TestNodes();
    const [writing, far] = [await nodes.node(), await nodes.node({ roundTripMs: 40 })];
    far.broker.up = false;
    const keepWriting = async (): Promise<never> => {
      for (;;) await writing.database.write(increment);
    };
    void keepWriting();
    await nodes.time.pass(100);
    far.broker.up = true;
    await nodes.time.pass(1_500);
    expect(writing.database.revision - far.database.revision).toBeLessThan(5);
    const reads = far.link.calls.commits;
    await nodes.time.pass(500);
    expect(far.link.calls.commits).toBe(reads);
  });
});
