import { createMemoryHub } from '@backside/notifier';
import { Commit, decodeCommit } from '@backside/protocol';
import { expect, it } from 'vitest';
import { publishTurnRequest, type TurnRequest, turnRequestOf, turnTopic } from './turn-request.js';

it('is heard by the other nodes of the same database', async () => {
  const hub = createMemoryHub();
  const heard: (TurnRequest | null)[] = [];
  await hub.connect().subscribe(turnTopic('a'), ({ commits }) => {
    for (const commit of commits) heard.push(turnRequestOf(decodeCommit(commit.encoded())));
  });
  const notifier = hub.connect();
  publishTurnRequest(notifier, 'a', { node: 'n', waitedMs: 12.2, forMs: 40 });
  publishTurnRequest(notifier, 'b', { node: 'n', waitedMs: 1, forMs: 2 });
  await new Promise((resolve) => setImmediate(resolve));
  expect(heard).toEqual([{ node: 'n', waitedMs: 13, forMs: 40 }]);
});

it('is not read out of anything else', () => {
  const fields = { revision: 1, time: 0, author: null, origin: 'n', changes: [] };
  expect(turnRequestOf(new Commit(fields))).toBeNull();
  expect(
    turnRequestOf(
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
