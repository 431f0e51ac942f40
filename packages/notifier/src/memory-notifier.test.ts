import { Commit } from '@backside/protocol';
import { expect, it } from 'vitest';
import { notifierConformance } from './conformance.js';
import { createMemoryHub, createMemoryNotifier } from './memory-notifier.js';

notifierConformance('memory notifier', async () => {
  const hub = createMemoryHub();
  return { connect: async () => hub.connect(), dispose: async () => undefined };
});

it('does not tell a notifier of its own what it published', async () => {
  const notifier = createMemoryNotifier();
  const heard: unknown[] = [];
  await notifier.subscribe('main', ({ commits }) => heard.push(commits));
  notifier.publish('main', [new Commit({ revision: 1, time: 0, author: null, origin: 'n', changes: [] })]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toEqual([]);
});
