import type { Database } from '@backside/api';
import { ADMIN, SILENT_LOGGER } from '@backside/protocol';
import { createMemoryJournal, type Journal } from '@backside/store';
import { nodeToJson, parsePath } from '@backside/tree';
import { describe, expect, it } from 'vitest';
import type { FunctionEvent, WriteEvent } from './define.js';
import { Effects } from './effects.js';
import type { Request } from './messages.js';
import { openTestDatabase } from './testing/functions-fixture.js';

const EVENT: FunctionEvent = {
  id: 'epoch/f:count/r1',
  time: 0,
  attempt: 1,
  path: '/orders/a',
  params: { id: 'a' },
  before: null,
  after: 1,
  revision: 1,
  auth: null,
  depth: 0,
} satisfies WriteEvent;

const COUNT: Request = {
  method: 'write',
  steps: [
    { method: 'set', path: '/count', value: { '.sv': { increment: 1 } } },
    { method: 'push', path: '/list', value: 1 },
  ],
  key: '1',
};

describe('what functions write', () => {
  const journal: Journal = createMemoryJournal();
  const logger = SILENT_LOGGER;

  /** As a process that remembers nothing: not one idempotency key. */
  function open(): Promise<Database> {
    return openTestDatabase(journal, { limits: { idempotencyKeys: 1 } });
  }

  const valueAt = (database: Database, path: string): unknown =>
    nodeToJson(database.read(ADMIN, parsePath(path)).node, 'val');

  it('is found in the journal when the database has forgotten it', async () => {
    const database = await open();
    const before = database.revision;
    const made = await new Effects({ database, journal, logger }).answer(EVENT, COUNT);
    for (const idempotencyKey of ['a', 'b'])
      await database.write({ principal: ADMIN, steps: [{ method: 'remove', path: ['x'] }], idempotencyKey });
    await database.close();

    const later = await open();
    const effects = new Effects({ database: later, journal, logger });
    await effects.recall(before);
    expect(await effects.answer({ ...EVENT, attempt: 2 }, COUNT)).toEqual(made);
    expect(valueAt(later, '/count')).toBe(1);
    // Another write of the same event, and the same of another event, are others.
    await effects.answer(EVENT, { ...COUNT, key: '2' });
    await effects.answer({ ...EVENT, id: 'other' }, COUNT);
    expect(valueAt(later, '/count')).toBe(3);
    await later.close();
  });

  it('is found in the journal for an event that was given up and is to run again, and for no other one', async () => {
    const database = await open();
    const effects = new Effects({ database, journal, logger });
    await effects.recall(database.revision);
    const [event, other] = [
      { ...EVENT, id: 'revived' },
      { ...EVENT, id: 'long finished' },
    ];
    const before = database.revision;
    const made = await effects.answer(event, COUNT);
    await effects.answer(other, COUNT);
    for (const { id } of [event, other]) effects.forget(id);
    await database.write({ principal: ADMIN, steps: [{ method: 'remove', path: ['x'] }], idempotencyKey: 'c' });
    const count = Number(valueAt(database, '/count'));

    await effects.recallOf([event.id], before);
    expect(await effects.answer(event, COUNT)).toEqual(made);
    expect(valueAt(database, '/count')).toBe(count);
    // Nothing was kept of the other one, and the database has forgotten it.
    await effects.answer(other, COUNT);
    expect(valueAt(database, '/count')).toBe(count + 1);
    await database.close();
  });

  it('keeps the values of the first try when a later one would write others', async () => {
    const database = await open();
    const effects = new Effects({ database, journal, logger });
    await effects.recall(database.revision);
    const event = { ...EVENT, id: 'twice' };
    const set = (value: number): Request => ({
      method: 'write',
      steps: [{ method: 'set', path: '/v', value }],
      key: '1',
    });
    const made = await effects.answer(event, set(1));
    effects.forget(event.id); // as if the answer had never come
    expect(await effects.answer(event, set(2))).toEqual(made);
    expect(valueAt(database, '/v')).toBe(1);
    await database.close();
  });

  it.each([
    [{ ...COUNT, key: 'x'.repeat(66) }, 'invalid-data'],
    [{ ...COUNT, steps: [{ method: 'steal', path: '/a' } as never] }, 'invalid-data'],
    [{ ...COUNT, steps: [{ method: 'remove', path: 7 } as never] }, 'invalid-path'],
    [{ method: 'get', path: '/a.b' } satisfies Request, 'invalid-path'],
  ] as const)('is refused if it makes no sense', async (request, code) => {
    const database = await open();
    const effects = new Effects({ database, journal, logger });
    await expect(effects.answer(EVENT, request)).rejects.toMatchObject({ code });
    await database.close();
  });
});
