import { ADMIN } from '@backside/protocol';
import { createMemoryJournal, createMemoryReplica, type Journal } from '@backside/store';
import { describe, expect, it, vi } from 'vitest';
import type { Database } from './database.js';
import { readLeases, readLeft } from './node-lease.js';
import { openDatabase, set, sharedJournal, valueAt, write } from './testing/database.js';

/** Time passes this much faster here than it says. */
const HASTE = 50;
/** The lease's own few seconds, and some more, at that speed. */
const LONG_ENOUGH_MS = 12_000 / HASTE;

/** Nodes of one database, and the private one that all of them keep things in. */
interface Cluster {
  readonly hidden: Database;
  readonly journal: Journal;
  /** A further node, whose time passes until it is stopped. */
  node(): Promise<{ database: Database; stop(): void; resume(): void }>;
}

async function openCluster(journal: Journal = sharedJournal()): Promise<Cluster> {
  const hidden = await openDatabase({ journal: sharedJournal() });
  let nodes = 0;
  const node = async (): ReturnType<Cluster['node']> => {
    let waiting: (() => void)[] | null = null;
    const sleep = (ms: number): Promise<void> =>
      new Promise((resolve) => {
        setTimeout(() => (waiting === null ? resolve() : waiting.push(resolve)), ms / HASTE);
      });
    nodes += 1;
    const database = await openDatabase({
      journal,
      replica: createMemoryReplica(),
      scopes: hidden,
      sleep,
      now: () => Date.now(),
      random: Math.random,
      nodeId: `node-${nodes}`,
    });
    return {
      database,
      stop: () => {
        waiting = [];
      },
      resume: () => {
        for (const resolve of waiting?.splice(0) ?? []) resolve();
        waiting = null;
      },
    };
  };
  return { hidden, journal, node };
}

const leave = (path: string, value: unknown) => ({ principal: ADMIN, steps: [set(path, value)] });
const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function shows(database: Database, value: unknown): Promise<void> {
  await vi.waitFor(
    async () => {
      await database.refresh();
      expect(valueAt(database, '/')).toEqual(value);
    },
    { timeout: 10_000 },
  );
}

describe('what the connections of a node left', () => {
  it('is made by another one after the node died, once, and then forgotten', async () => {
    const cluster = await openCluster();
    const [dying, other] = [await cluster.node(), await cluster.node()];
    const scope = dying.database.connectionScope();
    await scope.onDisconnect(leave('/a', 1));
    await scope.onDisconnect(leave('/gone', 1));
    await scope.onDisconnect(leave('/b', { '.sv': 'timestamp' }));
    await scope.cancelOnDisconnect(['gone']);
    dying.stop();
    await shows(other.database, { a: 1, b: expect.any(Number) });
    expect(other.database.revision).toBe(2);
    await vi.waitFor(() => expect(valueAt(cluster.hidden, '/connections/left')).toBeNull());
  });

  it('is left alone while the node lives, and nothing is written once nothing is kept', async () => {
    const cluster = await openCluster();
    const [living, other] = [await cluster.node(), await cluster.node()];
    const scope = living.database.connectionScope();
    await scope.onDisconnect(leave('/a', 1));
    await pass(LONG_ENOUGH_MS);
    expect(valueAt(other.database, '/')).toBeNull();
    await scope.end();
    await shows(other.database, { a: 1 });
    await vi.waitFor(() => expect(valueAt(cluster.hidden, '/')).toBeNull());
    const { revision } = cluster.hidden;
    await pass(LONG_ENOUGH_MS);
    expect(cluster.hidden.revision).toBe(revision);
  });

  it('is found at once by a process that must be alone', async () => {
    const cluster = await openCluster(createMemoryJournal({ keepCommits: 1_000 }));
    const dead = await cluster.node();
    dead.stop();
    await dead.database.connectionScope().onDisconnect(leave('/a', 1));
    const next = await cluster.node();
    await shows(next.database, { a: 1 });
  });

  it('is made once although the node only stood still, which is then told that its connections must end', async () => {
    const cluster = await openCluster();
    const [slow, other] = [await cluster.node(), await cluster.node()];
    const lost = vi.fn();
    const [scope, empty] = [slow.database.connectionScope(lost), slow.database.connectionScope(lost)];
    await scope.onDisconnect(leave('/a', 1));
    await empty.onDisconnect(leave('/b', 1));
    await empty.cancelOnDisconnect([]);
    slow.stop();
    await shows(other.database, { a: 1 });
    await write(other.database, set('/a', 'since changed'));
    slow.resume();
    await vi.waitFor(() => expect(lost).toHaveBeenCalledTimes(1));
    await scope.end();
    await empty.onDisconnect(leave('/b', 2));
    await empty.end();
    await shows(other.database, { a: 'since changed', b: 2 });
  });

  it('is not taken over twice when a write of it is what notices', async () => {
    const cluster = await openCluster();
    const [slow, other] = [await cluster.node(), await cluster.node()];
    const lost = vi.fn();
    const scope = slow.database.connectionScope(lost);
    await scope.onDisconnect(leave('/a', 1));
    slow.stop();
    await shows(other.database, { a: 1 });
    await expect(scope.onDisconnect(leave('/c', 1))).rejects.toMatchObject({ code: 'unavailable' });
    expect(lost).toHaveBeenCalledTimes(1);
  });

  it('is made by a third one if the heir dies as well', async () => {
    const cluster = await openCluster();
    const [first, heir] = [await cluster.node(), await cluster.node()];
    await first.database.connectionScope().onDisconnect(leave('/a', 1), 3_000_000);
    const [[node] = ['']] = readLeases(cluster.hidden);
    const holder = (): string | undefined => readLeases(cluster.hidden).get(node)?.holder;
    first.stop();
    await vi.waitFor(() => expect(holder()).not.toBe(node), { timeout: 10_000 });
    const heirs = holder();
    heir.stop();
    const third = await cluster.node();
    await vi.waitFor(() => expect(holder()).not.toBe(heirs), { timeout: 10_000 });
    expect(readLeft(cluster.hidden, node)).toHaveLength(1);
    third.stop();
  });
});

describe('a grace', () => {
  it('passes after the end of the connection before what was left is made', async () => {
    const cluster = await openCluster();
    const { database } = await cluster.node();
    const scope = database.connectionScope();
    await scope.onDisconnect(leave('/later', 1), 10_000);
    await scope.onDisconnect(leave('/now', 1));
    const ended = scope.end();
    await shows(database, { now: 1 });
    await pass(2_000 / HASTE);
    expect(valueAt(database, '/')).toEqual({ now: 1 });
    await ended;
    expect(valueAt(database, '/')).toEqual({ now: 1, later: 1 });
  });

  it('goes on in the next process if the one before was stopped meanwhile', async () => {
    const cluster = await openCluster();
    const { database } = await cluster.node();
    const scope = database.connectionScope();
    await scope.onDisconnect(leave('/later', 1), 2_000);
    const ended = scope.end();
    await database.close();
    await ended;
    const next = await cluster.node();
    expect(valueAt(next.database, '/')).toBeNull();
    await shows(next.database, { later: 1 });
  });
});
