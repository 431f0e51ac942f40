import { once } from 'node:events';
import { SILENT_LOGGER } from '@backside/protocol';
import type { Journal } from '@backside/store';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sharedService } from '../../../test/services/index.js';
import { type Connection, openConnection } from './connection.js';
import { HeadWatch } from './head-watch.js';
import { openHistory } from './history.js';
import { JournalCollection, type StoredAppend } from './journal-collection.js';
import { JournalTip } from './journal-tip.js';
import { commitAt } from './test-commits.js';
import { TestPlace, until } from './test-place.js';

const server = await sharedService('mongodb');
afterAll(() => server?.stop());

/** The collection, with a change stream that tells what the test has it tell, and counts the looks. */
class ToldCollection extends JournalCollection {
  looks = 0;
  tell: (() => void) | null = null;
  fail: ((error: Error) => void) | null = null;

  override at(first: number, options?: { strict?: boolean }): Promise<StoredAppend | null> {
    this.looks += 1;
    return super.at(first, options);
  }

  override async watch(stored: () => void, stopped: AbortSignal): Promise<void> {
    this.tell = stored;
    const failed = new Promise<void>((_, reject) => {
      this.fail = reject;
    });
    await Promise.race([once(stopped, 'abort'), failed]);
  }
}

describe.skipIf(server === null)('what a change stream of MongoDB tells', () => {
  let place: TestPlace;
  let connection: Connection;
  let other: Journal;
  let collection: ToldCollection;
  let watch: HeadWatch;
  const warn = vi.fn();
  beforeEach(async () => {
    place = new TestPlace(server!.url);
    other = await place.open();
    connection = await openConnection(place);
    collection = new ToldCollection(await openHistory('main', connection), connection);
    const elapsed = (): number => performance.now();
    const tip = new JournalTip({ collection, elapsed, graceMs: 60_000 });
    await tip.refresh();
    warn.mockClear();
    watch = new HeadWatch({ collection, tip, logger: { ...SILENT_LOGGER, warn }, elapsed, changeStreams: true });
  });
  afterEach(async () => {
    await watch.close();
    await connection.close();
    await place.remove();
  });

  it('is looked at once for all that comes in the meantime', async () => {
    const heads: number[] = [];
    watch.onHead((head) => heads.push(head));
    await until(() => collection.tell !== null);
    for (let base = 0; base < 3; base++) await other.append(base, [commitAt(base + 1)]).durable;
    collection.looks = 0;
    for (let times = 0; times < 100; times++) collection.tell!();
    await until(() => heads.at(-1) === 3);
    await other.append(3, [commitAt(4)]).durable;
    collection.tell!();
    await until(() => heads.at(-1) === 4);
    await watch.close();
    expect(heads).toEqual([3, 4]);
    expect(collection.looks).toBeLessThan(10);
  });

  it('is found by looking once that stream has failed', async () => {
    const heads: number[] = [];
    watch.onHead((head) => heads.push(head));
    await until(() => collection.fail !== null);
    collection.fail!(new Error('no more'));
    await until(() => warn.mock.calls.length === 1);
    await other.append(0, [commitAt(1)]).durable;
    await until(() => heads.at(-1) === 1);
  });
});
