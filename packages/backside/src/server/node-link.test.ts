import { createMemoryHub, type Notice, type Notifier } from '@backside/notifier';
import { relayNotifications } from '@backside/notifier-ipc';
import { Commit, SILENT_LOGGER } from '@backside/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createNoNotifier } from './no-notifier.js';
import { NodeLink } from './node-link.js';
import { joinRelay } from './worker-news.js';
import { type BrokerState, createWorkerNotifier, type WorkerNotifierOptions } from './worker-notifier.js';

const commit = new Commit({ revision: 1, time: 0, author: null, origin: 'a', changes: [] });

/** A node with two workers, on a hub that stands for the broker. */
interface Node {
  readonly link: NodeLink;
  readonly workers: readonly Notifier[];
}

/** What a primary does for one of its workers. */
function joining(link: NodeLink): Pick<WorkerNotifierOptions, 'join' | 'leave'> {
  const joined = new Map<string, () => void>();
  return { join: (topic) => joined.set(topic, link.join(topic)), leave: (topic) => joined.get(topic)!() };
}

let nodes: Node[];
beforeEach(() => {
  const hub = createMemoryHub();
  nodes = [0, 1].map(() => {
    const relay = relayNotifications();
    const link = new NodeLink(hub.connect(), joinRelay(relay), SILENT_LOGGER);
    const workers = [0, 1].map(() =>
      createWorkerNotifier({
        siblings: joinRelay(relay),
        broker: () => link.state,
        ...joining(link),
      }),
    );
    return { link, workers };
  });
});
afterEach(async () => {
  for (const { link, workers } of nodes) {
    await link.close();
    for (const worker of workers) await worker.close();
    await link.notifier.close();
  }
});

test('what one worker tells under a name all other workers of all nodes hear once', async () => {
  const heard: string[] = [];
  for (const [node, { workers }] of nodes.entries()) {
    for (const [worker, notifier] of workers.entries()) {
      await notifier.subscribe('turns', ({ commits }: Notice) => {
        for (const { origin } of commits) heard.push(`${origin} at ${node}.${worker}`);
      });
    }
  }
  // The links between nodes are made behind the subscriptions; a hint told before that is lost.
  await vi.waitFor(() => {
    nodes[0]!.workers[0]!.publish('turns', [commit]);
    expect(heard).toContain('a at 1.1');
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  heard.length = 0;
  nodes[0]!.workers[0]!.publish('turns', [commit]);
  await vi.waitFor(() => expect([...heard].sort()).toEqual(['a at 0.1', 'a at 1.0', 'a at 1.1']));
});

/** A notifier that tells how many listen to what. */
function counted(inner: Notifier): { notifier: Notifier; listeners: () => Record<string, number> } {
  const counts: Record<string, number> = {};
  const subscribe: Notifier['subscribe'] = async (topic, handler) => {
    const end = await inner.subscribe(topic, handler);
    counts[topic] = (counts[topic] ?? 0) + 1;
    return async () => {
      counts[topic]! -= 1;
      await end();
    };
  };
  const notifier: Notifier = { ...createNoNotifier(), publish: inner.publish.bind(inner), subscribe };
  return { notifier, listeners: () => counts };
}

test('what nobody listens to any more is passed on no more, and again once somebody does', async () => {
  const hub = createMemoryHub();
  const { notifier, listeners } = counted(hub.connect());
  const relay = relayNotifications();
  const link = new NodeLink(notifier, joinRelay(relay), SILENT_LOGGER);
  const [one, two] = [0, 1].map(() =>
    createWorkerNotifier({ siblings: joinRelay(relay), broker: () => link.state, ...joining(link) }),
  );
  const ends = [one!, one!, two!].map((worker) => worker.subscribe('turns', () => undefined));
  await vi.waitFor(() => expect(listeners()).toEqual({ turns: 1 }));
  for (const end of ends.slice(0, 2)) {
    await (await end)();
    await (await end)();
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(listeners()).toEqual({ turns: 1 });
  await (await ends[2]!)();
  await vi.waitFor(() => expect(listeners()).toEqual({ turns: 0 }));
  await one!.subscribe('turns', () => undefined);
  await vi.waitFor(() => expect(listeners()).toEqual({ turns: 1 }));
  for (const worker of [one!, two!]) await worker.close();
  await link.close();
});

test('a name that cannot be listened to is tried again, for all who have joined', async () => {
  const hub = createMemoryHub();
  const { notifier, listeners } = counted(hub.connect());
  let down = true;
  const subscribe: Notifier['subscribe'] = (topic, handler) =>
    down ? Promise.reject(new Error('down')) : notifier.subscribe(topic, handler);
  const link = new NodeLink({ ...notifier, subscribe }, joinRelay(relayNotifications()), SILENT_LOGGER);
  const leave = link.join('turns');
  await new Promise((resolve) => setTimeout(resolve, 50));
  down = false;
  await vi.waitFor(() => expect(listeners()).toEqual({ turns: 1 }), { timeout: 5_000 });
  const leaveAsWell = link.join('turns');
  leaveAsWell();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(listeners()).toEqual({ turns: 1 });
  leave();
  await vi.waitFor(() => expect(listeners()).toEqual({ turns: 0 }));
  await link.close();
});

test('workers say of the notifier what the primary knows of it', async () => {
  const silent = new NodeLink(createNoNotifier(), joinRelay(relayNotifications()), SILENT_LOGGER);
  const told: BrokerState[] = [];
  silent.watch((state) => told.push(state));
  expect(told).toEqual([{ betweenNodes: false, up: false, dropped: 0 }]);
  const worker = createWorkerNotifier({
    siblings: joinRelay(relayNotifications()),
    broker: () => told.at(-1)!,
    join: () => {},
    leave: () => {},
  });
  expect([worker.betweenNodes, worker.state.up]).toEqual([false, false]);
  await worker.close();
  await silent.close();
});

test('the workers are told when the notifier goes down and when it is back', async () => {
  const broker = { ...createNoNotifier(), betweenNodes: true, state: { up: true, dropped: 0 } };
  const link = new NodeLink(broker, joinRelay(relayNotifications()), SILENT_LOGGER);
  const told: BrokerState[] = [];
  const unwatch = link.watch((state) => told.push(state));
  broker.state = { up: false, dropped: 3 };
  await vi.waitFor(() => expect(told.at(-1)).toEqual({ betweenNodes: true, up: false, dropped: 3 }), {
    timeout: 5_000,
  });
  broker.state = { up: true, dropped: 3 };
  await vi.waitFor(() => expect(told.at(-1)).toMatchObject({ up: true }), { timeout: 5_000 });
  unwatch();
  await link.close();
});
