import { createMemoryHub } from '@backside/notifier';
import { Commit, decodeCommit } from '@backside/protocol';
import { expect, it } from 'vitest';
import { publishTurnNews, type TurnNews, turnNewsOf, turnTopic } from './turn-request.js';

it('is heard by the other nodes of the same database', async () => {
  const hub = createMemoryHub();
  const heard: (TurnNews | null)[] = [];
  await hub.connect().subscribe(turnTopic('a'), ({ commits }) => {
    for (const commit of commits) heard.push(turnNewsOf(decodeCommit(commit.encoded())));
  });
  const notifier = hub.connect();
  publishTurnNews(notifier, 'a', { node: 'n', waitedMs: 12.2, forMs: 40, after: 7 });
  publishTurnNews(notifier, 'b', { node: 'n', waitedMs: 1, forMs: 2, after: 7 });
  await new Promise((resolve) => setImmediate(resolve));
  publishTurnNews(notifier, 'a', { node: 'n', over: true });
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toEqual([
    { node: 'n', waitedMs: 13, forMs: 40, after: 7 },
    { node: 'n', over: true },
  ]);
});

it('is heard from a node that does not tell yet what it has written', () => {
  const headers: [string, string][] = [
    ['waited-ms', '3'],
    ['for-ms', '4'],
  ];
  const commit = new Commit({ revision: 1, time: 0, author: null, origin: 'n', changes: [], headers });
  expect(turnNewsOf(commit)).toEqual({ node: 'n', waitedMs: 3, forMs: 4, after: 0 });
});

it('is not read out of anything else', () => {
  const fields = { revision: 1, time: 0, author: null, origin: 'n', changes: [] };
  expect(turnNewsOf(new Commit(fields))).toBeNull();
  expect(
    turnNewsOf(
      new Commit({
        ...fields,
        headers: [
          ['waited-ms', '1'],
          ['for-ms', 'long'],
        ],
      }),
    ),
  ).toBeNull();
});
