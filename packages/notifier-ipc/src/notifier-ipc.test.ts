import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import type { Notifier } from '@backside/notifier';
import { notifierConformance } from '@backside/notifier/conformance';
import { Commit } from '@backside/protocol';
import { expect, it } from 'vitest';
import type { Channel } from './channel.js';
import { createIpcNotifier } from './ipc-notifier.js';
import { relayNotifications } from './relay-notifications.js';
import { forkModule, portChannel, processChannel } from './test-channels.js';

notifierConformance('ipc notifier', async () => {
  const relay = relayNotifications();
  const links: MessageChannel[] = [];
  return {
    async connect() {
      const link = new MessageChannel();
      links.push(link);
      relay.add(portChannel(link.port1));
      return createIpcNotifier(portChannel(link.port2));
    },
    async dispose() {
      for (const { port1 } of links) port1.close();
    },
  };
});

it('reaches other processes and hears them', async () => {
  const { port1, port2 } = new MessageChannel();
  const relay = relayNotifications([portChannel(port1)]);
  const notifier = createIpcNotifier(portChannel(port2));
  const ready = await heardFirst(notifier, 'ready');
  const answer = await heardFirst(notifier, 'answers');
  const child = await forkModule(new URL('./echo.child.ts', import.meta.url));
  relay.add(processChannel(child));
  await ready.commit;
  notifier.publish('questions', [commitAt(5)]);
  expect({ ...(await answer.commit) }).toEqual({ ...commitAt(5), author: 'echo' });
  const exited = once(child, 'exit');
  child.disconnect();
  await exited;
  port1.close();
});

it('forgets a participant whose link is lost, and goes on among the others', async () => {
  const links = [new MessageChannel(), new MessageChannel(), new MessageChannel()];
  relayNotifications(links.map(({ port1 }) => portChannel(port1)));
  const [publisher, lost, other] = links.map(({ port2 }) => createIpcNotifier(portChannel(port2)));
  await lost!.subscribe('main', () => undefined);
  const heard = new Promise((resolve) => {
    void other!.subscribe('main', resolve).then(() => {
      links[1]!.port1.close();
      publisher!.publish('main', [commitAt(1)]);
    });
  });
  expect(await heard).toMatchObject({ commits: [{ revision: 1 }], head: 1 });
  await expect(lost!.subscribe('another', () => undefined)).rejects.toMatchObject({ code: 'unavailable' });
  lost!.publish('main', [commitAt(2)]);
  await lost!.close();
  for (const { port1 } of links) port1.close();
});

it('does not queue without bound for a participant that takes nothing, and tells it how far it got once it does', async () => {
  const links = [new MessageChannel(), new MessageChannel()];
  const [from, to] = links.map(({ port1 }) => portChannel(port1));
  const slow = congested(to!);
  relayNotifications([from!, slow.channel]);
  const [publisher, listener] = links.map(({ port2 }) => createIpcNotifier(portChannel(port2)));
  const heard: unknown[] = [];
  await listener!.subscribe('main', ({ commits, head }) => heard.push([commits.length, head]));
  const publish = async (revision: number): Promise<void> => {
    publisher!.publish('main', [commitAt(revision)]);
    await (await publisher!.subscribe(`after ${revision}`, () => undefined))(); // the relay has had it by then
  };
  await publish(1);
  slow.unsentBytes = 9 * 1024 * 1024;
  await publish(2);
  await publish(3);
  slow.unsentBytes = 0;
  await expect.poll(() => heard.length).toBe(2);
  await publish(4);
  await expect
    .poll(() => heard)
    .toEqual([
      [1, 1],
      [0, 3],
      [1, 4],
    ]);
  for (const { port1 } of links) port1.close();
});

it('does not queue without bound for a primary that takes nothing, and counts what it gives up', async () => {
  const links = [new MessageChannel(), new MessageChannel()];
  relayNotifications(links.map(({ port1 }) => portChannel(port1)));
  const slow = congested(portChannel(links[0]!.port2));
  const [publisher, listener] = [createIpcNotifier(slow.channel), createIpcNotifier(portChannel(links[1]!.port2))];
  const heard: unknown[] = [];
  await listener.subscribe('main', ({ commits, head }) => heard.push([commits.length, head]));
  slow.unsentBytes = 9 * 1024 * 1024;
  for (let revision = 1; revision <= 1_000; revision += 1) publisher.publish('main', [commitAt(revision)]);
  expect(publisher.state).toEqual({ up: true, dropped: 1_000 });
  slow.unsentBytes = 0;
  await expect.poll(() => heard).toEqual([[0, 1_000]]);
  for (const { port1 } of links) port1.close();
});

it('fails a subscription whose link is lost before the answer', async () => {
  const { port1, port2 } = new MessageChannel();
  const subscribing = createIpcNotifier(portChannel(port2)).subscribe('main', () => undefined);
  port1.close();
  await expect(subscribing).rejects.toMatchObject({ code: 'unavailable' });
});

/** A channel that says of itself what a test lets it say. */
function congested(channel: Channel): { readonly channel: Channel; unsentBytes: number } {
  const state = { unsentBytes: 0, channel };
  state.channel = {
    ...channel,
    get unsentBytes() {
      return state.unsentBytes;
    },
  };
  return state;
}

/** Resolves once subscribed; `commit` is then the first commit that comes. */
async function heardFirst(notifier: Notifier, database: string): Promise<{ commit: Promise<Commit> }> {
  let subscribed: Promise<unknown> = Promise.resolve();
  const commit = new Promise<Commit>((resolve) => {
    subscribed = notifier.subscribe(database, ({ commits }) => resolve(commits[0]!));
  });
  await subscribed;
  return { commit };
}

function commitAt(revision: number): Commit {
  return new Commit({ revision, time: 0, author: null, origin: 'node-1', changes: [{ path: ['a'], value: revision }] });
}
