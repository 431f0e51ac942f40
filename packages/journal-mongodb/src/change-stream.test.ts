import type { Journal } from '@backside/store';
import { afterAll, afterEach, beforeEach, describe, it } from 'vitest';
import { sharedService } from '../../../test/services/index.js';
import { type Connection, openConnection } from './connection.js';
import { openHistory } from './history.js';
import { JournalCollection } from './journal-collection.js';
import { commitAt } from './test-commits.js';
import { TestPlace, until } from './test-place.js';

const server = await sharedService('mongodb');
afterAll(() => server?.stop());
const replicated = server !== null && (await isReplicated(server.url));
if (server !== null && !replicated) process.stderr.write('skipped: change streams need a replica set (MONGODB_URL)\n');

describe.skipIf(!replicated)('a change stream of a MongoDB journal', () => {
  let place: TestPlace;
  let connection: Connection;
  let journal: Journal;
  let stopping: AbortController;
  beforeEach(async () => {
    stopping = new AbortController();
    place = new TestPlace(server!.url);
    connection = await openConnection(place);
    journal = await place.open();
  });
  afterEach(async () => {
    stopping.abort();
    await connection.close();
    await place.remove();
  });

  it('tells that it has begun, and of every append to its own database then, and of no other', async () => {
    const other = await place.open({ database: 'main2' });
    const collection = new JournalCollection(await openHistory('main', connection), connection);
    let told = 0;
    const ended = collection.watch(() => {
      told += 1;
    }, stopping.signal);
    await until(() => told === 1);
    for (let base = 0; base < 5; base++) {
      await other.append(base, [commitAt(base + 1)]).durable;
      await journal.append(base, [commitAt(base + 1)]).durable;
      await until(() => told === base + 2);
    }
    stopping.abort();
    await ended;
  });

  it('misses nothing that was stored before it had begun', async () => {
    const listener = await place.open();
    await journal.append(0, [commitAt(1)]).durable;
    const heads: number[] = [];
    listener.onHead!((head) => heads.push(head));
    await until(() => heads.at(-1) === 1);
  });
});

async function isReplicated(url: string): Promise<boolean> {
  const connection = await openConnection({ url });
  await connection.close();
  return connection.replicated;
}
