import { type Json, nodeFromJson, parsePath } from '@backside/tree';
import { describe, expect, it } from 'vitest';
import type { RefusedError } from '../link/refused-error.js';
import type { DataSnapshot } from '../reference/snapshot.js';
import { clientOver } from './testing/client.js';
import { MemoryConnection, turn } from './testing/memory-connection.js';

function start(): {
  connection: MemoryConnection;
  db: ReturnType<typeof clientOver>['db'];
  root: ReturnType<typeof clientOver>['root'];
} {
  const connection = new MemoryConnection();
  return { connection, ...clientOver(connection) };
}

/** What a `value` listener was told: value and state. */
function recorder(): { told: [Json, string][]; listen: (value: Json, snapshot: DataSnapshot) => void } {
  const told: [Json, string][] = [];
  return { told, listen: (value, snapshot) => told.push([value, snapshot.state]) };
}

describe('a local write', () => {
  it('is shown at once, before the server has said anything of the place', async () => {
    const { db, connection } = start();
    const { told, listen } = recorder();
    db.on('/a', listen);
    void db.set('/a/b', 1);
    expect(told).toEqual([]);
    void db.set('/a', { b: 2 });
    expect(told).toEqual([[{ b: 2 }, 'pending']]);
    await connection.settle();
    expect(told).toEqual([[{ b: 2 }, 'pending']]);
  });

  it('is told once, and its confirmation only to who asks for states', async () => {
    const { db, connection } = start();
    load(connection, '/a', 0);
    const [plain, states] = [recorder(), recorder()];
    db.on('/a', plain.listen);
    db.on('/a', states.listen, { states: true });
    await connection.settle();
    const written = db.set('/a', 1);
    await connection.settle();
    expect((await written).revision).toBe(2);
    expect(plain.told).toEqual([
      [0, 'confirmed'],
      [1, 'pending'],
    ]);
    expect(states.told).toEqual([
      [0, 'confirmed'],
      [1, 'pending'],
      [1, 'confirmed'],
    ]);
  });

  it.each([
    ['beside it', { '/b': 1 }],
    ['below a place beside it', { '/b/x': 1 }],
    ['at both', { '/b/x': 1, '/a/y': 1 }],
  ])('stays shown when an earlier write is answered that was %s', async (_where, values) => {
    const { db, connection } = start();
    load(connection, '/a', { x: 0 });
    const { told, listen } = recorder();
    db.on('/a', listen);
    await connection.settle();
    const earlier = db.update('/', values, { ackLevel: 'applied' });
    void db.set('/a', { x: 2 });
    await turn();
    connection.sendOne();
    await connection.receiveOne();
    await earlier;
    const below = recorder();
    db.on('/a/x', below.listen);
    await turn();
    expect(below.told).toEqual([[2, 'pending']]);
    await connection.settle();
    expect(told.at(-1)?.[0]).toEqual({ x: 2 });
    expect(below.told).toEqual([[2, 'pending']]);
  });

  it('that is answered before older events are told drives nobody out of a window who stays in it', async () => {
    const { db, connection } = start();
    load(connection, '/l', { a: 0, c: 0 });
    const { told, listen } = recorder();
    db.ref('/l')
      .orderByKey()
      .limitToFirst(2)
      .on('value', (snapshot) => listen(snapshot.val(), snapshot));
    await connection.settle();
    connection.server.commit([{ path: ['l', 'a'], value: null }]);
    const written = db.set('/l/b', 1, { ackLevel: 'applied' });
    await turn();
    connection.sendOne();
    await connection.receiveOne();
    await written;
    expect(told.at(-1)?.[0]).toEqual({ a: 0, b: 1 });
    await connection.settle();
    expect(told.at(-1)?.[0]).toEqual({ b: 1, c: 0 });
  });

  it('that removes what another one has put in the place of a value shows that the value is gone', async () => {
    const { db, connection } = start();
    load(connection, '/l', { c: 'x' });
    const { told, listen } = recorder();
    db.on('/l', listen);
    await connection.settle();
    connection.server.commit([{ path: ['l', 'c', 'd'], value: 'y' }]);
    const written = db.set('/l/c/d', null, { ackLevel: 'applied' });
    await turn();
    connection.sendOne();
    await connection.receiveOne();
    await written;
    await connection.settle();
    expect(told.at(-1)?.[0]).toBeNull();
  });

  it('that puts children in the place of a value leaves it its priority', async () => {
    const { db, connection } = start();
    const told: Json[] = [];
    db.ref('/l').on('value', (snapshot) => told.push(snapshot.exportVal()));
    connection.sendOne();
    connection.server.commit([{ path: ['l', 'c'], value: nodeFromJson({ '.value': 'x', '.priority': 1 }) }]);
    connection.server.commit([{ path: ['l', 'c', 'b'], value: null }]);
    connection.server.commit([{ path: ['l', 'a'], value: 0 }]);
    void db.set('/l/c/b', 'y', { ackLevel: 'applied' });
    await connection.settle();
    expect(told.at(-1)).toEqual({ a: 0, c: { b: 'y', '.priority': 1 } });
  });

  it('is taken back with its reason when the server refuses', async () => {
    const { db, connection } = start();
    load(connection, '/a', 0);
    connection.server.refuses = () => true;
    const snapshots: DataSnapshot[] = [];
    const refusals: RefusedError[] = [];
    db.on('/a', (_, snapshot) => void snapshots.push(snapshot));
    db.onRefused((error) => void refusals.push(error));
    await connection.settle();
    const written = db.set('/a', 1);
    await connection.settle();
    await expect(written).rejects.toMatchObject({ code: 'permission-denied', trace: 'trace-1' });
    expect(snapshots.map((snapshot) => [snapshot.val(), snapshot.state, snapshot.refusal?.trace])).toEqual([
      [0, 'confirmed', undefined],
      [1, 'pending', undefined],
      [0, 'refused', 'trace-1'],
    ]);
    expect(refusals).toHaveLength(1);
  });

  it('that is refused leaves those behind it in place', async () => {
    const { db, connection } = start();
    load(connection, '/a', { n: 0 });
    connection.server.refuses = ({ steps }) => steps[0]?.value === 1;
    const { told, listen } = recorder();
    db.on('/a', listen);
    await connection.settle();
    const refused = db.set('/a/n', 1);
    const made = db.set('/a/m', 2);
    await connection.settle();
    await expect(refused).rejects.toThrow();
    await made;
    expect(told.at(-1)?.[0]).toEqual({ n: 0, m: 2 });
  });

  it('stays in place although an older event comes after its acknowledgement', async () => {
    const { db, connection } = start();
    load(connection, '/a', 0);
    const { told, listen } = recorder();
    db.on('/a', listen);
    await connection.settle();
    connection.server.commit([{ path: ['a'], value: 5 }]);
    const written = db.set('/a', 7, { ackLevel: 'applied' });
    await connection.settle();
    await written;
    expect(told.map(([value]) => value)).toEqual([0, 7]);
  });

  it('stays in place also among a thousand that were acknowledged before any event came', async () => {
    const { db, connection } = start();
    load(connection, '/l', { k0: 'first' });
    const seen: Json[] = [];
    db.on('/l/k0', (value) => void seen.push(value));
    await connection.settle();
    connection.server.commit([{ path: ['l', 'k0'], value: 'older' }]);
    for (let n = 0; n < 1_000; n++) void db.set(`/l/k${n}`, n, { ackLevel: 'applied' });
    await connection.settle();
    expect(seen).toEqual(['first', 0]);
  });

  it('with an increment is counted once, whatever comes before its answer', async () => {
    const { db, connection } = start();
    load(connection, '/n', 10);
    const { told, listen } = recorder();
    db.on('/n', listen);
    await connection.settle();
    void db.set('/n', { '.sv': { increment: 1 } });
    connection.server.commit([{ path: ['n'], value: 20 }]);
    await connection.receiveOne();
    expect(told.at(-1)).toEqual([11, 'pending']);
    await connection.settle();
    expect(told.map(([value]) => value)).toEqual([10, 11, 21]);
  });

  it('that no tree can hold rejects and shows nothing', async () => {
    const { db } = start();
    const { told, listen } = recorder();
    db.on('/a', listen);
    await expect(db.set('/a', Number.NaN)).rejects.toMatchObject({ code: 'invalid-data' });
    expect(told).toEqual([]);
  });
});

describe('listens', () => {
  it('share one subscription, with deeper paths and queries', async () => {
    const { db, connection } = start();
    load(connection, '/list', { a: { n: 2 }, b: { n: 1 } });
    const seen: unknown[] = [];
    db.on('/list', (value) => seen.push(value));
    db.on('/list/a', (value) => seen.push(value));
    db.ref('/list')
      .orderByChild('n')
      .limitToFirst(1)
      .on('value', (snapshot) => seen.push(snapshot.val()));
    await connection.settle();
    expect(connection.targets.size).toBe(1);
    expect(seen).toEqual([{ a: { n: 2 }, b: { n: 1 } }, { n: 2 }, { b: { n: 1 } }]);
  });

  it('to a deeper path end when one above is complete, without a new event', async () => {
    const { db, connection } = start();
    load(connection, '/list', { a: 1, b: 2 });
    const seen: unknown[] = [];
    db.on('/list/a', (value) => seen.push(value));
    await connection.settle();
    db.on('/list', () => {});
    await connection.settle();
    expect([...connection.targets].map(({ path }) => path)).toEqual([['list']]);
    connection.server.commit([{ path: ['list', 'a'], value: 3 }]);
    await connection.settle();
    expect(seen).toEqual([1, 3]);
  });

  it('to a deeper path go on by themselves when the one above ends', async () => {
    const { db, connection } = start();
    load(connection, '/list', { a: 1, b: 2 });
    const seen: unknown[] = [];
    const stop = db.on('/list', () => {});
    db.on('/list/a', (value) => seen.push(value));
    await connection.settle();
    stop();
    await new Promise((resolve) => setTimeout(resolve, 5));
    await connection.settle();
    expect([...connection.targets].map(({ path }) => path)).toEqual([['list', 'a']]);
    connection.server.commit([{ path: ['list', 'a'], value: 3 }]);
    await connection.settle();
    expect(seen).toEqual([1, 3]);
  });

  it('that end and begin again in one turn cost the server nothing', async () => {
    const { db, connection } = start();
    const stop = db.on('/a', () => {});
    await connection.settle();
    const [before] = connection.targets;
    stop();
    db.on('/a', () => {});
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect([...connection.targets]).toEqual([before]);
  });

  it('tell what is known soon, but not at once', async () => {
    const { db, connection } = start();
    load(connection, '/a', 1);
    db.on('/a', () => {});
    await connection.settle();
    const seen: unknown[] = [];
    db.on('/a', (value) => seen.push(value));
    expect(seen).toEqual([]);
    await turn();
    expect(seen).toEqual([1]);
  });

  it('are told in order, also when a listener writes', async () => {
    const { db, connection } = start();
    load(connection, '/a', 0);
    const [first, second] = [[] as Json[], [] as Json[]];
    db.on('/a', (value) => {
      first.push(value);
      if (value === 1) void db.set('/a', 2);
    });
    db.on('/a', (value) => void second.push(value));
    await connection.settle();
    void db.set('/a', 1);
    await connection.settle();
    expect(first).toEqual([0, 1, 2]);
    expect(second).toEqual([0, 1, 2]);
  });
});

describe('a transaction', () => {
  it('works on what is there, and again if that was changed meanwhile', async () => {
    const { db, connection } = start();
    load(connection, '/n', 1);
    const asked: Json[] = [];
    const done = db.transaction('/n', (value) => {
      asked.push(value);
      return Number(value) + 1;
    });
    await turn();
    connection.sendOne();
    await connection.receiveOne();
    await turn();
    connection.server.commit([{ path: ['n'], value: 10 }]);
    await connection.settle();
    const { committed, snapshot } = await done;
    expect([committed, snapshot.val(), asked]).toEqual([true, 11, [1, 10]]);
  });

  it('begins where nothing is, whatever is written elsewhere meanwhile', async () => {
    const { db, connection } = start();
    const asked: Json[] = [];
    const done = db.transaction('/n', (value) => {
      asked.push(value);
      return Number(value) + 1;
    });
    await turn();
    connection.sendOne();
    await connection.receiveOne();
    connection.server.commit([{ path: ['elsewhere'], value: 1 }]);
    await connection.settle();
    expect((await done).snapshot.val()).toBe(1);
    expect(asked).toEqual([null]);
  });

  it('works on what is too long to be told in a header', async () => {
    const { db, connection } = start();
    load(connection, '/n', { text: 'x'.repeat(5_000), count: 1 });
    const asked: Json[] = [];
    const done = db.transaction('/n', (value) => {
      const { text, count } = value as { text: string; count: number };
      asked.push(count);
      return { text, count: count + 1 };
    });
    await turn();
    connection.sendOne();
    await connection.receiveOne();
    connection.server.commit([{ path: ['n', 'count'], value: 10 }]);
    await connection.settle();
    expect((await done).snapshot.child('count').val()).toBe(11);
    expect(asked).toEqual([1, 10]);
  });

  it('keeps the priority, and leaves all as it is for undefined', async () => {
    const { db, connection } = start();
    load(connection, '/n', { '.value': 1, '.priority': 'p' });
    const done = db.transaction('/n', (value) => Number(value) + 1);
    await connection.settle();
    expect((await done).snapshot.exportVal()).toEqual({ '.value': 2, '.priority': 'p' });
    const left = db.transaction('/n', () => undefined);
    await connection.settle();
    expect((await left).committed).toBe(false);
  });

  it('is not shown before it is made if it is not applied locally', async () => {
    const { db, connection } = start();
    load(connection, '/n', 1);
    const { told, listen } = recorder();
    db.on('/n', listen);
    await connection.settle();
    const done = db.transaction('/n', () => 2, { applyLocally: false });
    await connection.settle();
    await done;
    expect(told).toEqual([
      [1, 'confirmed'],
      [2, 'confirmed'],
    ]);
  });
});

describe('waiting', () => {
  it('get asks the server unless the state is known', async () => {
    const { db, connection } = start();
    load(connection, '/a', 1);
    const got = db.get('/a');
    await connection.settle();
    expect(await got).toBe(1);
    db.on('/a', () => {});
    await connection.settle();
    expect(await db.get('/a')).toBe(1);
  });

  it('ends by signal', async () => {
    const { db } = start();
    const controller = new AbortController();
    const all = [db.get('/a', { signal: controller.signal }), db.once('/a', { signal: controller.signal })];
    const changes = db.changes('/a', { signal: controller.signal }).next();
    controller.abort(new Error('enough'));
    for (const waiting of [...all, changes]) await expect(waiting).rejects.toThrow('enough');
  });

  it('changes gives the latest state to who is slow', async () => {
    const { db, connection } = start();
    load(connection, '/a', 0);
    const seen: Json[] = [];
    setImmediate(() => void connection.settle());
    for await (const change of db.changes('/a')) {
      seen.push(change.val());
      if (change.val() === 3) break;
      for (const value of [1, 2, 3]) connection.server.commit([{ path: ['a'], value }]);
      await connection.settle();
    }
    expect(seen).toEqual([0, 3]);
  });
});

/** Puts data on the server before anybody listens. */
function load(connection: MemoryConnection, path: string, value: Json): void {
  connection.server.commit([{ path: parsePath(path), value: nodeFromJson(value) }]);
}
