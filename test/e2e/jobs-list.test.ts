import { UNINDEXED_QUERY } from '@backside/api';
import { expect, test } from 'vitest';
import { startServer } from '../harness/server.js';
import { Admin } from './bank.js';

/** More than are kept as one record, for which no index is needed. */
const JOBS = 400;

test('jobs are listed with the newest first, by an index', { timeout: 60_000 }, async () => {
  const server = await startServer();
  try {
    const client = await Admin.of(server);
    for (let from = 0; from < JOBS; from += 20) {
      const ids = Array.from({ length: 20 }, (_, n) => `j${from + n}`);
      expect(await Promise.all(ids.map((id) => client.submit('nobody.runs.this', id)))).not.toContain(false);
    }
    await client.submit('nobody.runs.this', 'a-last-one');
    expect((await client.list())[0]).toBe('a-last-one');
    expect(server.output()).not.toContain(UNINDEXED_QUERY);
  } finally {
    await server.kill();
  }
});
