import { SILENT_LOGGER } from '@backside/protocol';
import type { Journal } from '@backside/store';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sharedService } from '../../../test/services/index.js';
import { MongoAppendStore } from './append-store.js';
import { type Connection, openConnection } from './connection.js';
import { openHistory } from './history.js';
import { type AppendEnd, JournalCollection, type NewAppend, type StoredAppend } from './journal-collection.js';
import { JournalTip } from './journal-tip.js';
import { commitAt } from './test-commits.js';
import { TestPlace } from './test-place.js';

const server = await sharedService('mongodb');
afterAll(() => server?.stop());

/** The collection, which tells what is asked of it, and lets something happen before each look. */
class WatchedCollection extends JournalCollection {
  readonly asked: string[] = [];
  beforeLook: () => Promise<unknown> = async () => {};

  override endOf(first: number): Promise<AppendEnd | null> {
    this.asked.push(`mark ${first}`);
    return super.endOf(first);
  }

  override insert(append: NewAppend): Promise<void> {
    this.asked.push(`insert ${append.base + 1}`);
    return super.insert(append);
  }

  override async at(first: number, options?: { strict?: boolean }): Promise<StoredAppend | null> {
    this.asked.push(`look ${first}`);
    await this.beforeLook();
    return super.at(first, options);
  }
}

describe.skipIf(server === null)('what appends ask of MongoDB', () => {
  let place: TestPlace;
  let connection: Connection;
  let other: Journal;
  let collection: WatchedCollection;
  let tip: JournalTip;
  let store: MongoAppendStore;
  let later = 0;
  beforeEach(async () => {
    place = new TestPlace(server!.url);
    other = await place.open();
    connection = await openConnection(place);
    collection = new WatchedCollection(await openHistory('main', connection), connection);
    later = 0;
    const elapsed = (): number => performance.now() + later;
    tip = new JournalTip({ collection, elapsed, graceMs: 60_000 });
    const options = { collection, tip, database: 'main', nodeId: 'node-2', logger: SILENT_LOGGER, elapsed };
    store = new MongoAppendStore({ ...options, now: Date.now, patienceMs: 0, isClosed: () => false });
    await tip.refresh();
    collection.asked.length = 0;
  });
  afterEach(async () => {
    await connection.close();
    await place.remove();
  });

  it('is one request if nobody was first', async () => {
    expect(await append(0)).toEqual({ status: 'appended', head: 1 });
    expect(await append(1)).toEqual({ status: 'appended', head: 2 });
    expect(collection.asked).toEqual(['insert 1', 'insert 2']);
  });

  it('is a look at what was appended before besides, if the last was some time ago', async () => {
    await append(0);
    await append(1);
    collection.asked.length = 0;
    for (let base = 2; base < 5; base++) {
      later += 3_000;
      await append(base);
    }
    expect(collection.asked).toEqual([
      ...['mark 2', 'insert 3'],
      ...['mark 2', 'mark 3', 'insert 4'],
      ...['mark 3', 'mark 4', 'insert 5'],
    ]);
    await append(5);
    expect(collection.asked.slice(-1)).toEqual(['insert 6']);
  });

  it('is a look at who was first besides, and nothing where that is known already', async () => {
    await other.append(0, [commitAt(1, 'a'), commitAt(2, 'b')]).durable;
    await other.append(2, [commitAt(3, 'c')]).durable;
    expect(await append(0)).toMatchObject({ status: 'revision-conflict', head: 2, missing: [{}, {}] });
    expect(collection.asked.splice(0)).toEqual(['insert 1', 'look 1']);
    expect(await append(0)).toMatchObject({ status: 'revision-conflict', head: 2 });
    expect(await append(1)).toMatchObject({ status: 'revision-conflict', head: 2, missing: [{ revision: 2 }] });
    expect(collection.asked).toEqual([]);
  });

  it('is one look for each append that others told this node of, and none for what follows them', async () => {
    for (let base = 0; base < 4; base++) await other.append(base, [commitAt(base + 1)]).durable;
    expect(await append(4)).toEqual({ status: 'appended', head: 5 });
    expect(collection.asked).toEqual(['look 1', 'look 2', 'look 3', 'look 4', 'insert 5']);
  });

  it('comes to an end while another node appends faster than this one reads', async () => {
    let head = 0;
    collection.beforeLook = async () => other.append(head, [commitAt(++head)]).durable;
    await collection.beforeLook();
    await tip.refresh();
    expect(tip.revision).toBe(head);
    const known = head;
    const outcome = await append(known + 1_000);
    expect(outcome).toMatchObject({ status: 'revision-conflict', head });
    expect(head).toBeLessThan(known + 100);
  });

  function append(base: number): Promise<unknown> {
    return store.store({ appendId: crypto.randomUUID(), base, commits: [commitAt(base + 1, 'mine')] });
  }
});
