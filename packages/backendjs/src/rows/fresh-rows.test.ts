import { ADMIN } from '@backside/protocol';
import { createMemoryJournal } from '@backside/store';
import { expect, test } from 'vitest';
import { startLegacy } from '../testing/legacy-fixture.js';
import { openDatabase } from '../testing/open-database.js';

test('a request sees what was acknowledged by another node before it came', async () => {
  const journal = createMemoryJournal({ keepCommits: 1_000 });
  Object.defineProperty(journal, 'supports', { value: { durability: 'none', sharedBetweenNodes: true } });
  // Each has a notifier of its own: nobody tells one of them what the other writes.
  const here = await openDatabase({ journal, nodeId: 'here' });
  const there = await openDatabase({ journal, nodeId: 'there' });
  const server = await startLegacy({ extend: () => ({ database: here }) });
  try {
    const ann = await server.account('ann');
    for (let ping = 1; ping <= 5; ping += 1) {
      const steps = [{ method: 'set' as const, path: ['counters', ann.id, 'ping'], value: ping }];
      await there.write({ principal: ADMIN, steps });
      expect((await server.client.get('/counter/get', {}, { as: ann })).json).toMatchObject({ ping });
    }
  } finally {
    await server.close();
    await Promise.all([here.close(), there.close()]);
  }
});
