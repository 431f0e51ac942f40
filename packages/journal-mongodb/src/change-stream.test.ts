import { afterAll, describe, expect, it } from 'vitest';
import { sharedService } from '../../../test/services/index.js';
import { openConnection } from './connection.js';
import { openHistory } from './history.js';
import { JournalCollection } from './journal-collection.js';
import { commitAt } from './test-commits.js';
import { TestPlace, until } from './test-place.js';

const server = await sharedService('mongodb');
afterAll(() => server?.stop());
const replicated = server !== null && (await isReplicated(server.url));
if (server !== null && !replicated) process.stderr.write('skipped: change streams need a replica set (MONGODB_URL)\n');

describe.skipIf(!replicated)('a change stream of a MongoDB journal', () => {
  it('tells of every append to its own database, and of no other', async () => {
    const place = new TestPlace(server!.url);
    const connection = await openConnection({ url: place.url, mongoDatabase: place.mongoDatabase });
    const journal = await place.open();
    let told = 0;
    const close = new JournalCollection(await openHistory('main', connection), connection).watch(
      () => {
        told += 1;
      },
      (error) => {
        throw error;
      },
    );
    const other = await place.open({ database: 'main2' });
    await until(async () => {
      await other.append(await other.head(), [commitAt((await other.head()) + 1)]).durable;
      await journal.append(await journal.head(), [commitAt((await journal.head()) + 1)]).durable;
      return told > 0;
    });
    const [before, head] = [told, await journal.head()];
    await journal.append(head, [commitAt(head + 1)]).durable;
    await until(() => told === before + 1);
    expect(told).toBeLessThanOrEqual(head + 1);
    await close();
    await connection.close();
    await place.remove();
  });
});

async function isReplicated(url: string): Promise<boolean> {
  const connection = await openConnection({ url });
  await connection.close();
  return connection.replicated;
}
