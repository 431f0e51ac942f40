import type { Database } from '@backside/api';
import { ADMIN, NOBODY, type Principal, SILENT_LOGGER } from '@backside/protocol';
import { createMemoryJournal } from '@backside/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RecalledWrites } from './recalled-writes.js';
import { openTestDatabase } from './testing/functions-fixture.js';
import { eventNameOf, formatWriteName, writeNameOf } from './write-name.js';

describe('what the journal tells of the writes of functions', () => {
  const journal = createMemoryJournal();
  const logger = SILENT_LOGGER;
  let database: Database;
  let start: number;

  beforeAll(async () => {
    database = await openTestDatabase(journal);
    start = database.revision;
    await write('a', '1');
    await write('a', '2');
    await write('b', '1');
    await write('c', '1', NOBODY);
  });
  afterAll(() => database.close());

  async function write(event: string, key: string, principal: Principal = ADMIN): Promise<void> {
    const idempotencyKey = formatWriteName(writeNameOf(event, key));
    await database.write({ principal, steps: [{ method: 'push', path: ['list'], value: event }], idempotencyKey });
  }

  const found = (writes: RecalledWrites): string[] =>
    ['a1', 'a2', 'b1', 'c1'].filter((name) => writes.find(writeNameOf(name[0]!, name[1]!)) !== undefined);

  it('is what it came to, of every event; nobody else can pretend to be a function', async () => {
    const writes = new RecalledWrites({ database, journal, logger });
    expect(await writes.recall(start)).toBe(database.revision);
    expect(found(writes)).toEqual(['a1', 'a2', 'b1']);
    const [pushed, ...others] = writes.find(writeNameOf('a', '2'))?.pushed ?? [];
    expect(pushed).toMatch(/^\/list\/-/);
    expect(others).toEqual([]);
  });

  it('is of some events only, if so asked: nothing of others is kept', async () => {
    const writes = new RecalledWrites({ database, journal, logger });
    await writes.recall(start, new Set([eventNameOf('a')]));
    expect(found(writes)).toEqual(['a1', 'a2']);
  });

  it('begins behind a revision', async () => {
    const writes = new RecalledWrites({ database, journal, logger });
    await writes.recall(start + 1);
    expect(found(writes)).toEqual(['a2', 'b1']);
    expect(await writes.recall(database.revision)).toBe(database.revision);
  });

  it('is dropped when the event is finished, also what was not asked for again', async () => {
    const writes = new RecalledWrites({ database, journal, logger });
    await writes.recall(start);
    writes.forget(eventNameOf('a'));
    expect(found(writes)).toEqual(['b1']);
  });
});
