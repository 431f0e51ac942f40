import { type Json, TreeError } from '@backside/tree';
import { describe, expect, it, test } from 'vitest';
import { ClosedError } from '../link/refused-error.js';
import { clientOver, type TestClient } from '../sync/testing/client.js';
import { MemoryConnection } from '../sync/testing/memory-connection.js';

function start(): TestClient & { connection: MemoryConnection; stored: (path: string) => Json } {
  const connection = new MemoryConnection();
  const stored = (path: string): Json => connection.server.stateOf({ path: path.split('/').slice(1), query: null });
  return { connection, stored, ...clientOver(connection) };
}

const refused = (code: string): unknown => expect.objectContaining({ name: TreeError.name, code });

describe('what is written is the value at the time of the call', () => {
  it('whatever the application does to it afterwards', async () => {
    const { db, connection, stored } = start();
    const list = [1];
    const value: { a: number; n: Json; z?: number } = { a: 1, n: { list } };
    const writes = [
      db.set('/set', value),
      db.update('/update', { 'x/y': value }),
      db.ref('/d').onDisconnect().set(value),
    ];
    value.a = 99;
    value.z = 1;
    list.push(2);
    await connection.settle();
    await Promise.all(writes);
    expect(stored('/set')).toEqual({ a: 1, n: { list: { 0: 1 } } });
    expect(stored('/update')).toEqual({ x: { y: { a: 1, n: { list: { 0: 1 } } } } });
  });

  it('with the priority inside, also of an array and with a value of the server', async () => {
    const { db, connection, stored } = start();
    const written = db.ref('/a').setWithPriority([1, 2], { '.sv': 'timestamp' });
    await connection.settle();
    await written;
    expect(stored('/a')).toMatchObject({ 0: 1, 1: 2, '.priority': expect.any(Number) });
  });
});

describe('what no tree can hold is refused before it is shown or sent', () => {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  const odd: [string, unknown, string][] = [
    ['undefined', undefined, 'invalid-data'],
    ['a member that is undefined', { a: undefined }, 'invalid-data'],
    ['not a number', { a: Number.NaN }, 'invalid-data'],
    ['a function', () => 1, 'invalid-data'],
    ['a big integer', 5n, 'invalid-data'],
    ['a date', { at: new Date(0) }, 'invalid-data'],
    ['a map', new Map([['a', 1]]), 'invalid-data'],
    ['a boxed text', new String('x'), 'invalid-data'],
    ['a cycle', cycle, 'too-large'],
    ['text that is much longer as JSON', '"'.repeat(9 * 1024 * 1024), 'too-large'],
  ];

  test.each(odd)('%s', async (_name, value, code) => {
    const { db, connection, stored } = start();
    const place = db.ref('/a');
    const kept = db.set('/a', 'kept');
    await expect(place.set(value as Json)).rejects.toEqual(refused(code));
    await expect(place.onDisconnect().set(value as Json)).rejects.toEqual(refused(code));
    const next = db.set('/b', 1);
    await connection.settle();
    await Promise.all([kept, next]);
    expect([stored('/a'), stored('/b')]).toEqual(['kept', 1]);
  });

  test('a priority that orders nothing', async () => {
    const { db } = start();
    await expect(db.ref('/a').setWithPriority(1, Number.NaN)).rejects.toEqual(refused('invalid-data'));
  });

  test('an undefined bound, which would make a query wider', () => {
    const nothing = undefined as unknown as string & number;
    const query = start().db.ref('/a').orderByChild('o');
    for (const method of [
      'startAt',
      'startAfter',
      'endAt',
      'endBefore',
      'equalTo',
      'limitToFirst',
      'limitToLast',
    ] as const) {
      expect(() => query[method](nothing)).toThrow(refused('invalid-query'));
    }
    expect(() => query.ref.orderByChild(nothing)).toThrow(refused('invalid-query'));
  });
});

test.each(['.info/connected', '/.info/serverTimeOffset', '/.info'])(
  '%s, which Firebase has in the tree, is refused with what to use instead',
  async (path) => {
    const { db } = start();
    const error = refused('invalid-path');
    expect(() => db.ref(path)).toThrow(error);
    expect(() => db.ref(path)).toThrow('use onStatus, serverTime or user for .info');
    expect(() => db.on(path, () => {})).toThrow(error);
    await expect(db.get(path)).rejects.toEqual(error);
    expect(() => db.set(path, true)).toThrow(error);
  },
);

test('close ends all that waits for an answer', async () => {
  const { db } = start();
  const waiting = [db.transaction('/t', () => 3), db.get('/g'), db.once('/o'), db.changes('/c').next()];
  const ends = Promise.allSettled(waiting);
  await db.close();
  for (const end of await ends) expect(end).toMatchObject({ reason: expect.any(ClosedError) });
});
