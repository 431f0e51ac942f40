import { createMemoryNotifier } from '@backside/notifier';
import { BacksideError } from '@backside/protocol';
import { type Checkpoint, createMemoryJournal, createMemoryReplica, type Journal } from '@backside/store';
import type { Change } from '@backside/tree';
import { describe, expect, it } from 'vitest';
import type { Database } from './database.js';
import { openDatabase, set, sharedJournal, valueAt, write } from './testing/database.js';

describe('a database that is opened', () => {
  it('goes on with a replica of the same history', async () => {
    const journal = createMemoryJournal({ keepCommits: 2, keepsTree: true });
    const replica = createMemoryReplica();
    await fill(await openDatabase({ journal, replica }), 5);
    let asked = 0;
    const counted = async (): Promise<null> => {
      asked += 1;
      return null;
    };
    const again = await openDatabase({ journal: withCheckpoint(journal, counted), replica });
    expect([again.revision, asked]).toEqual([5, 0]);
  });

  it('starts a new replica from the checkpoint, and takes what followed from the journal', async () => {
    const journal = createMemoryJournal({ keepsTree: true, keepCommits: 3 });
    const first = await openDatabase({ journal });
    await fill(first, 10);
    const checkpoint = await journal.checkpoint!();
    await fill(first, 2);
    const other = await openDatabase({ journal: withCheckpoint(journal, async () => checkpoint) });
    expect([checkpoint?.revision, other.revision]).toEqual([10, 12]);
    expect(valueAt(other, '/')).toEqual(valueAt(first, '/'));
  });

  it('restores a replica that was away for longer than the journal keeps, and one of another history', async () => {
    const journal = createMemoryJournal({ epoch: 'here', keepsTree: true, keepCommits: 2 });
    const first = await openDatabase({ journal });
    await fill(first, 13);
    const behind = createMemoryReplica();
    await behind.restore('here', 3, one({ path: ['gone'], value: 1 }));
    for (const replica of [behind, createMemoryReplica({ epoch: 'elsewhere' })]) {
      const database = await openDatabase({ journal, replica });
      expect([database.revision, replica.epoch]).toEqual([13, 'here']);
      expect(valueAt(database, '/')).toEqual(valueAt(first, '/'));
    }
  });

  it('restores a replica that is ahead of its journal', async () => {
    const journal = createMemoryJournal({ epoch: 'here', keepsTree: true });
    await fill(await openDatabase({ journal }), 3);
    const replica = createMemoryReplica();
    await replica.restore('here', 99, one({ path: ['lost'], value: 1 }));
    const database = await openDatabase({ journal, replica });
    expect([database.revision, valueAt(database, '/lost')]).toEqual([3, null]);
  });

  it('reads everything again if there is no checkpoint yet but the journal has all', async () => {
    const journal = createMemoryJournal({ keepCommits: 100 });
    const first = await openDatabase({ journal });
    await fill(first, 4);
    const database = await openDatabase({
      journal: withCheckpoint(journal, async () => null),
      replica: createMemoryReplica({ epoch: 'elsewhere' }),
    });
    expect(valueAt(database, '/')).toEqual(valueAt(first, '/'));
  });

  it('takes the next checkpoint if the journal has dropped meanwhile what follows the first one', async () => {
    const journal = createMemoryJournal({ keepsTree: true });
    const first = await openDatabase({ journal });
    await fill(first, 4);
    const checkpoints = [await journal.checkpoint!()];
    await fill(first, 4);
    checkpoints.push(await journal.checkpoint!());
    const database = await openDatabase({ journal: withCheckpoint(journal, async () => checkpoints.shift()!) });
    expect([checkpoints.length, database.revision]).toEqual([0, 8]);
    expect(valueAt(database, '/')).toEqual(valueAt(first, '/'));
  });

  it('is refused if nothing can bring its replica up to date', async () => {
    const journal = createMemoryJournal({ keepCommits: 2 });
    await fill(await openDatabase({ journal }), 10);
    await expect(openDatabase({ journal })).rejects.toMatchObject({ code: 'internal' });
    const stale = async (): Promise<Checkpoint> => ({ revision: 1, entries: one({ path: ['a'], value: 1 }) });
    await expect(openDatabase({ journal: withCheckpoint(journal, stale) })).rejects.toMatchObject({ code: 'internal' });
  });

  it('is refused if the journal is damaged where it has to go on, and waits for one that cannot be read now', async () => {
    for (const [code, failures] of [
      ['internal', 1],
      ['not-found', 1],
      ['unavailable', 2],
    ] as const) {
      let left = failures as number;
      const journal = createMemoryJournal({ keepCommits: 100 });
      await fill(await openDatabase({ journal }), 4);
      const commits = journal.commits.bind(journal);
      journal.commits = (after) => {
        if (left-- > 0) throw new BacksideError(code, 'cannot be read');
        return commits(after);
      };
      const opened = openDatabase({ journal });
      if (code === 'unavailable') expect((await opened).revision).toBe(4);
      else await expect(opened).rejects.toMatchObject({ code, message: 'cannot be read' });
    }
  });

  it('hears nothing more once it could not be opened', async () => {
    const journal = sharedJournal();
    const head = (): Promise<number> => Promise.reject(new BacksideError('unavailable', 'the store is gone'));
    const notifier = createMemoryNotifier();
    const subscribe = notifier.subscribe.bind(notifier);
    const heard = new Map<string, boolean>();
    notifier.subscribe = async (topic, handler) => {
      const unsubscribe = await subscribe(topic, handler);
      heard.set(topic, true);
      return async () => {
        heard.set(topic, false);
        await unsubscribe();
      };
    };
    await expect(openDatabase({ journal: Object.assign(journal, { head }), notifier })).rejects.toThrow('is gone');
    expect([heard.size > 0, ...heard.values()]).toEqual([true, false, false]);
  });
});

async function fill(database: Database, writes: number): Promise<void> {
  for (let n = 0; n < writes; n++)
    await write(database, set(`/k${database.revision % 4}`, { n, at: database.revision }));
}

async function* one(change: Change): AsyncGenerator<readonly Change[]> {
  yield [change];
}

/** The same journal with another checkpoint. */
function withCheckpoint(journal: Journal, checkpoint: () => Promise<Checkpoint | null>): Journal {
  return {
    supports: journal.supports,
    epoch: journal.epoch,
    head: () => journal.head(),
    first: () => journal.first(),
    append: (base, commits) => journal.append(base, commits),
    commits: (after) => journal.commits(after),
    trim: (revision) => journal.trim(revision),
    close: () => journal.close(),
    checkpoint,
  };
}
