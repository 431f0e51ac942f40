import { ADMIN, SILENT_LOGGER } from '@backside/protocol';
import { parseQuery } from '@backside/tree';
import { expect, test } from 'vitest';
import { listen, openDatabase, set, settle, write } from './testing/database.js';
import { UNINDEXED_QUERY } from './unindexed-queries.js';

test('a query that an index would make cheap is logged, once for each path and order', async () => {
  const logged: unknown[] = [];
  const warn = (fields: unknown, message: string): void => void logged.push([fields, message]);
  const database = await openDatabase({ logger: { ...SILENT_LOGGER, warn } });
  await write(database, set('/users', { ann: { name: { last: 'b' } }, bob: { name: { last: 'a' } } }));
  const byName = { orderBy: 'name/last', limitToFirst: 1 };
  for (let n = 0; n < 2; n += 1) {
    listen(database, '/users', { query: byName }).subscription.end();
    database.read(ADMIN, ['users'], parseQuery(byName));
    database.read(ADMIN, ['users'], parseQuery({ orderBy: '$value', limitToFirst: 1 }));
    database.read(ADMIN, ['users'], parseQuery({ orderBy: '$key', limitToFirst: 1 }));
  }
  await settle();
  expect(logged).toEqual([
    [{ path: '/users', orderBy: 'name/last' }, UNINDEXED_QUERY],
    [{ path: '/users', orderBy: '.value' }, UNINDEXED_QUERY],
  ]);
});
