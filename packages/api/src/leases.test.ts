import { ADMIN, SILENT_LOGGER } from '@backside/protocol';
import { describe, expect, it, vi } from 'vitest';
import { readLeases } from './node-lease.js';
import { openRulesStore, type RulesStore } from './rules-store.js';
import { set, valueAt } from './testing/database.js';
import { type TestNode, TestNodes } from './testing/nodes.js';

const MINUTE = 60_000;

const increment = (path: string) => ({ principal: ADMIN, steps: [set(path, { '.sv': { increment: 1 } })] });

/** A node with a connection that leaves an increment of `/left` for its end. */
async function leaving(nodes: TestNodes, graceMs = 0) {
  const node = await nodes.node();
  const lost = vi.fn();
  const scope = node.database.connectionScope(lost);
  await nodes.time.result(scope.onDisconnect(increment('/left'), graceMs), 1_000);
  return { node, scope, lost };
}

describe('what a node leaves when it dies', () => {
  it('is made once by one of several others, some seconds later', async () => {
    const nodes = new TestNodes();
    const { node } = await leaving(nodes);
    const others = [await nodes.node(), await nodes.node(), await nodes.node()];
    await nodes.time.pass(2_000);
    node.stop();
    node.links('frozen');
    await nodes.time.until(() => valueAt(others[0]!.database, '/left') === 1, 10_000);
    await nodes.time.pass(MINUTE);
    for (const other of others) expect(valueAt(other.database, '/left')).toBe(1);
    expect(valueAt(others[0]!.hidden, '/connections')).toBeNull();
  });

  it('is not made by itself when it only stood still for longer than its lease', async () => {
    const nodes = new TestNodes();
    const { node, scope, lost } = await leaving(nodes, MINUTE);
    const other = await nodes.node();
    node.stop();
    await nodes.time.pass(15_000);
    const appends = node.link.calls.append;
    node.go();
    await nodes.time.result(scope.end(), 2 * MINUTE);
    expect(node.link.calls.append).toBe(appends);
    await nodes.time.until(() => valueAt(other.database, '/left') !== null, MINUTE);
    await nodes.time.pass(MINUTE);
    expect(valueAt(node.database, '/left')).toBe(1);
    expect(lost).not.toHaveBeenCalled();
  });

  it('is taken from a node that stood still before its connections can leave more', async () => {
    const nodes = new TestNodes();
    const { node, scope, lost } = await leaving(nodes);
    const other = await nodes.node();
    node.stop();
    await nodes.time.until(() => valueAt(other.database, '/left') === 1, 15_000);
    node.go();
    await expect(nodes.time.result(scope.onDisconnect(increment('/left')), 1_000)).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(lost).toHaveBeenCalledTimes(1);
    await nodes.time.result(scope.end(), 1_000);
    await nodes.time.pass(MINUTE);
    expect(valueAt(node.database, '/left')).toBe(1);
  });
});

describe('a node that was not answered when it first left something', () => {
  const setUp = async () => {
    const nodes = new TestNodes();
    const [node, other] = [await nodes.node(), await nodes.node()];
    const lost = vi.fn();
    const scope = node.database.connectionScope(lost);
    const leave = async (): Promise<void> => {
      const left = nodes.time.result(scope.onDisconnect(increment('/left')), MINUTE);
      await expect(left).rejects.toMatchObject({ code: 'unavailable' });
    };
    return { nodes, node, other, lost, leave };
  };

  it('finds out that it was taken over meanwhile', async () => {
    const { nodes, node, other, lost, leave } = await setUp();
    node.privateLink.loseAnswers = 1;
    const left = leave();
    await nodes.time.pass(5);
    node.links('frozen');
    await left;
    expect(readLeases(other.hidden).size).toBeGreaterThan(0);
    await nodes.time.pass(MINUTE);
    node.links('up');
    await nodes.time.pass(10_000);
    expect(lost).toHaveBeenCalledTimes(1);
    expect(valueAt(other.hidden, '/connections')).toBeNull();
  });

  it('goes on if it was not taken over', async () => {
    const { nodes, node, other, lost, leave } = await setUp();
    const { append } = node.privateLink.calls;
    node.privateLink.roundTripMs = 100;
    const left = leave();
    await nodes.time.until(() => node.privateLink.calls.append > append, 1_000);
    node.links('refused');
    await left;
    node.links('up');
    await nodes.time.pass(MINUTE);
    expect(lost).not.toHaveBeenCalled();
    expect(readLeases(other.hidden).size).toBe(1);
  });

  it('goes on if nothing of it was stored', async () => {
    const { nodes, node, other, lost, leave } = await setUp();
    node.links('refused');
    await leave();
    await nodes.time.pass(MINUTE);
    node.links('up');
    await nodes.time.pass(MINUTE);
    expect(lost).not.toHaveBeenCalled();
    expect(readLeases(other.hidden).size).toBe(1);
  });
});

describe('what was made and could not be forgotten at once', () => {
  /** Lets `left` be the last idempotency key that a node knows of, so that nothing but forgetting keeps it from being made again. */
  const forgetful = { limits: { idempotencyKeys: 1 } };
  const keyed = { ...increment('/other'), idempotencyKey: 'other' };

  it('is forgotten later, by the node on which the connection ended', async () => {
    const nodes = new TestNodes();
    const { node, scope } = await leaving(nodes);
    const other = await nodes.node(forgetful);
    node.privateLink.state = 'refused';
    const ended = scope.end();
    await nodes.time.pass(10_000);
    expect(valueAt(other.database, '/left')).toBe(1);
    node.privateLink.state = 'up';
    await nodes.time.result(ended, 10_000);
    await nodes.time.pass(5_000);
    expect(valueAt(other.hidden, '/connections')).toBeNull();
    await nodes.time.result(other.database.write(keyed), 1_000);
    await nodes.time.result(node.database.connectionScope().onDisconnect(increment('/last')), 1_000);
    node.stop();
    node.links('refused');
    await nodes.time.until(() => valueAt(other.database, '/last') === 1, MINUTE);
    expect(valueAt(other.database, '/left')).toBe(1);
  });

  it('is forgotten later, by the heir of a dead node', async () => {
    const nodes = new TestNodes();
    const { node } = await leaving(nodes);
    const heir = await nodes.node(forgetful);
    node.stop();
    node.links('refused');
    await nodes.time.until(() => valueAt(heir.database, '/left') === 1, MINUTE);
    heir.privateLink.state = 'refused';
    await nodes.time.result(heir.database.write(keyed), 1_000);
    await nodes.time.pass(1_500);
    heir.privateLink.state = 'up';
    await nodes.time.pass(MINUTE);
    expect(valueAt(heir.hidden, '/connections')).toBeNull();
    expect(valueAt(heir.database, '/left')).toBe(1);
  });

  it('is forgotten later if it was taken back', async () => {
    const nodes = new TestNodes();
    const { node, scope } = await leaving(nodes);
    node.privateLink.state = 'refused';
    const cancelled = nodes.time.result(scope.cancelOnDisconnect([]), MINUTE);
    await expect(cancelled).rejects.toMatchObject({ code: 'unavailable' });
    node.privateLink.state = 'up';
    await nodes.time.pass(10_000);
    expect(valueAt(node.hidden, '/connections')).toBeNull();
  });
});

it('what a node leaves when it dies is made also if its heir was not answered when it became that', async () => {
  const nodes = new TestNodes();
  const { node } = await leaving(nodes);
  const heir = await nodes.node();
  const append = nodes.privateStore.append.bind(nodes.privateStore);
  const takeOvers = vi.fn();
  vi.spyOn(nodes.privateStore, 'append').mockImplementation((base, commits) => {
    if (commits.some(({ changes }) => changes.some(({ path }) => path.at(-1) === 'holder'))) {
      takeOvers();
      heir.privateLink.loseAnswers = 1;
    }
    return append(base, commits);
  });
  node.stop();
  node.links('refused');
  await nodes.time.until(() => valueAt(heir.database, '/left') === 1, 2 * MINUTE);
  expect(takeOvers).toHaveBeenCalledTimes(1);
  await nodes.time.pass(MINUTE);
  expect(valueAt(heir.hidden, '/connections')).toBeNull();
});

describe('a node that lives', () => {
  it.each(['refused', 'frozen'] as const)(
    'is not taken for dead while nobody reaches the journal (%s)',
    async (state) => {
      const nodes = new TestNodes();
      const { node, scope, lost } = await leaving(nodes);
      const others = [await nodes.node(), await nodes.node()];
      const all = [node, ...others];
      await nodes.time.pass(3_000);
      for (const one of all) one.links(state);
      await nodes.time.pass(MINUTE);
      // The ones that might inherit come back first.
      for (const one of all.toReversed()) {
        one.links('up');
        await nodes.time.pass(900);
      }
      await nodes.time.pass(MINUTE);
      expect(lost).not.toHaveBeenCalled();
      expect(valueAt(others[0]!.database, '/left')).toBeNull();
      await nodes.time.result(scope.end(), 2_000);
      expect(valueAt(node.database, '/left')).toBe(1);
    },
  );

  it('is not taken for dead when its way to the journal is slow', async () => {
    const nodes = new TestNodes();
    const { node, lost } = await leaving(nodes);
    const other = await nodes.node();
    node.privateLink.roundTripMs = 1_500;
    await nodes.time.pass(MINUTE);
    expect(lost).not.toHaveBeenCalled();
    expect(valueAt(other.database, '/left')).toBeNull();
  });

  it('is replaced when it alone has lost the journal, and makes nothing when it comes back', async () => {
    const nodes = new TestNodes();
    const { node, scope, lost } = await leaving(nodes);
    const other = await nodes.node();
    node.links('refused');
    await nodes.time.until(() => valueAt(other.database, '/left') === 1, 15_000);
    const ended = scope.end();
    await nodes.time.pass(MINUTE);
    node.links('up');
    await nodes.time.result(ended, 5_000);
    await nodes.time.pass(5_000);
    expect(valueAt(node.database, '/left')).toBe(1);
    expect(lost).not.toHaveBeenCalled();
  });
});

describe('rules, sessions and whatever else nodes keep in the private database', () => {
  const openRules = (nodes: TestNodes, { database, hidden }: TestNode): Promise<RulesStore> =>
    nodes.time.result(
      openRulesStore({ database: hidden, position: () => database, now: nodes.time.now, logger: SILENT_LOGGER }),
      1_000,
    );

  it.each([
    ['with a broker', { up: true }, 50],
    ['without one', { up: false }, 350],
  ])('reach every node within a second %s', async (_, broker, withinMs) => {
    const nodes = new TestNodes();
    const all = [await nodes.node(), await nodes.node(), await nodes.node()];
    for (const node of all) Object.assign(node.broker, broker);
    const stores = await Promise.all(all.map((node) => openRules(nodes, node)));
    await nodes.time.pass(5_000);
    const text = '{"rules": {".read": "auth != null"}}';
    await nodes.time.result(stores[0]!.put(text, 'ann'), 1_000);
    const known = (): boolean => stores.every((store) => store.current.source === text);
    expect(await nodes.time.until(known, 2_000)).toBeLessThanOrEqual(withinMs);
  });
});
