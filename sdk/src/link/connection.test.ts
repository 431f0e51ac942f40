import { BacksideError } from '@backside/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { prioritized } from '../sync/prioritized.js';
import { closeConnections, connect, Heard, online, set, target, write } from '../testing/connected.js';
import { openMemoryServer, put, valueAt } from '../testing/memory-server.js';
import { until } from '../testing/until.js';
import type { Status } from './connection.js';
import { ClosedError, type RefusedError } from './refused-error.js';

afterEach(closeConnections);

describe('a connection', () => {
  test('is made at once, and knows the history and the time of the server', async () => {
    const server = await openMemoryServer({ now: () => Date.now() + 60_000 });
    const connection = connect(server);
    const seen: Status[] = [];
    connection.onStatus((status) => seen.push(status));
    expect(connection.status).toBe('connecting');
    await until(() => connection.status === 'online');
    expect(seen).toEqual(['online']);
    expect(connection.epoch).toBe(server.database.epoch);
    expect(Math.abs(connection.serverTimeOffset - 60_000)).toBeLessThan(1_000);
    expect(connection.user).toBe(null);
  });

  test('keeps trying until the server can be reached', async () => {
    const server = await openMemoryServer();
    server.reachable = false;
    const connection = connect(server);
    await until(() => server.wires.length > 3, 'another attempt');
    expect(connection.status).not.toBe('online');
    expect(connection.lastError?.message).toBe('connection refused');
    server.reachable = true;
    await until(() => connection.status === 'online');
    expect(connection.lastError).toBe(null);
  });

  test('rests while offline, and is there again at once', async () => {
    const { server, connection } = await online();
    connection.goOffline();
    expect(connection.status).toBe('offline');
    expect(connection.lastError).toBe(null);
    const written = connection.write(write(set('/a', 1)));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.wires.length).toBe(1);
    connection.goOnline();
    expect((await written).revision).toBe(1);
  });

  test('once closed says so to everybody who waits, and does nothing more', async () => {
    const { server, connection } = await online();
    server.wires[0]!.freeze();
    const written = connection.write(write(set('/a', 1)));
    connection.close();
    await expect(written).rejects.toBeInstanceOf(ClosedError);
    await expect(connection.write(write(set('/a', 1)))).rejects.toBeInstanceOf(ClosedError);
    connection.goOnline();
    expect(connection.status).toBe('closed');
    expect(server.wires.length).toBe(1);
  });

  test('says goodbye, so that the server does not wait for it', async () => {
    const { server, connection } = await online();
    await connection.write(write(set('/online', true), { onDisconnect: 'remove' }));
    await put(server, '/online', true);
    connection.close();
    await until(() => valueAt(server, '/online') === null, 'the removal');
    expect(server.wires[0]!.sentByClient).toMatch(/DISCONNECT\n/);
  });
});

describe('a listen', () => {
  test('gets the state, and then every change', async () => {
    const { server, connection } = await online();
    await put(server, '/a', { x: 1 });
    const heard = new Heard();
    const end = connection.listen(target('/a'), heard);
    await until(() => heard.events.length === 1);
    expect(heard.events[0]).toMatchObject({ snapshot: true, resumed: null, revision: 1, epoch: server.database.epoch });
    await put(server, '/a/y', 2);
    await until(() => heard.events.length === 2);
    end();
    await put(server, '/a/y', 3);
    await connection.write(write(set('/b', 1)));
    expect(heard.lines).toEqual(['put /a {"x":1}', 'put /a/y 2']);
  });

  test('of a query gets what is in it', async () => {
    const { server, connection } = await online();
    await put(server, '/l', { a: 1, b: 2, c: 3 });
    const heard = new Heard();
    connection.listen(target('/l', { orderBy: '$value', limitToLast: 2 }), heard);
    await until(() => heard.events.length === 1);
    expect(heard.lines).toEqual(['put /l {"b":2,"c":3}']);
  });

  test('that was ended and begun again hears of nothing twice', async () => {
    const { server, connection } = await online();
    const [first, second] = [new Heard(), new Heard()];
    connection.listen(target('/a'), first)();
    connection.listen(target('/a'), second);
    await until(() => second.events.length === 1);
    await put(server, '/a', 1);
    await until(() => second.events.length === 2);
    expect(first.events).toEqual([]);
    expect(second.lines).toEqual(['put /a null', 'put /a 1']);
  });

  test('that is refused is told why, and so is one that loses its right', async () => {
    const allowed = { read: true };
    const { connection } = await online({
      authorizer: {
        read: ({ path }) => (path[0] === 'a' && !allowed.read ? { allowed: false, trace: 't-1' } : { allowed: true }),
        write: () => ({ allowed: true }),
      },
    });
    allowed.read = false;
    const heard = new Heard();
    connection.listen(target('/a'), heard);
    await until(() => heard.refusal !== null);
    expect(heard.refusal).toMatchObject({ code: 'permission-denied', trace: 't-1', retry: false });
    expect(connection.status).toBe('online');
  });

  test('that the server cannot serve yet is asked for again when it says, once', async () => {
    let refusals = 2;
    const { server, connection } = await online({
      authorizer: {
        read: () => {
          if (refusals-- > 0) throw new BacksideError('unavailable', 'behind', { retryAfterMs: 20 });
          return { allowed: true };
        },
        write: () => ({ allowed: true }),
      },
    });
    const heard = new Heard();
    connection.listen(target('/a'), heard);
    await until(() => heard.events.length === 1);
    await put(server, '/a', 1);
    await until(() => heard.events.length === 2);
    expect(heard.lines).toEqual(['put /a null', 'put /a 1']);
    expect(heard.refusal).toBe(null);
    expect(server.wires.length).toBe(1);
    expect(server.database.stats().subscriptions).toBe(1);
  });

  test('asks for what it missed only', async () => {
    const server = await openMemoryServer();
    const connection = connect(server);
    const heard = new Heard();
    await put(server, '/a', { x: 1 });
    connection.listen(target('/a'), heard);
    await until(() => heard.events.length === 1);
    connection.goOffline();
    await put(server, '/a/y', 2);
    connection.goOnline();
    await until(() => heard.events.length === 2);
    expect(heard.lines.at(-1)).toBe('put /a/y 2');
    expect(heard.events.at(-1)).toMatchObject({ resumed: true, snapshot: false, revision: 2 });
  });

  test('goes on over broken connections', async () => {
    const { server, connection } = await online();
    const [one, other] = [new Heard(), new Heard()];
    await put(server, '/a', { x: 1 });
    connection.listen(target('/a'), one);
    connection.listen(target('/b'), other);
    await until(() => one.events.length === 1 && other.events.length === 1);
    server.wires[0]!.cut();
    await put(server, '/a/y', 2);
    await until(() => one.events.length === 2 && other.events.length === 2);
    await put(server, '/b', 3);
    await until(() => other.events.length === 3);
    expect(other.lines.at(-1)).toBe('put /b 3');
  });
});

describe('a write', () => {
  test('is acknowledged with its revision, of whatever kind it is', async () => {
    const { server, connection } = await online();
    expect(await connection.write(write(set('/a', { x: 1 })))).toEqual({ revision: 1, pushed: [] });
    await connection.write(write({ method: 'update', path: ['a'], value: { 'y/z': 2 } }));
    await connection.write(write({ method: 'remove', path: ['a', 'x'] }));
    const { pushed } = await connection.write(write({ method: 'push', path: ['l'], value: 'v' }));
    expect(valueAt(server, '/a')).toEqual({ y: { z: 2 } });
    expect(pushed).toHaveLength(1);
    expect(valueAt(server, `/${pushed[0]!.join('/')}`)).toBe('v');
  });

  test.each([1, 'low', '12', '', null])('carries the priority %j as it is', async (priority) => {
    const { server, connection } = await online();
    await connection.write(write(set('/a', prioritized(true, priority))));
    await connection.write(write(set('/b', prioritized({ c: 1 }, priority))));
    expect(valueAt(server, '/a')).toEqual(priority === null ? true : { '.value': true, '.priority': priority });
    expect(valueAt(server, '/b')).toEqual(priority === null ? { c: 1 } : { c: 1, '.priority': priority });
  });

  test('of several steps is one commit', async () => {
    const { server, connection } = await online();
    expect(await connection.write(write([set('/a', 1), set('/b', 2)]))).toMatchObject({ revision: 1 });
    expect(valueAt(server, '/')).toEqual({ a: 1, b: 2 });
  });

  test('that is refused says why, changes nothing, and stops nothing', async () => {
    const { server, connection } = await online({
      authorizer: {
        read: () => ({ allowed: true }),
        write: ({ changes }) =>
          changes.some(({ path }) => path[0] === 'no') ? { allowed: false, trace: 't-9' } : { allowed: true },
      },
    });
    const outcomes = await Promise.allSettled([
      connection.write(write(set('/no', 1))),
      connection.write(write(set('/yes', 1))),
      connection.write(write([set('/yes', 2), set('/no', 2)])),
      connection.write(write([set('/yes', 3), { method: 'update', path: ['yes'], value: 'no object' }])),
      connection.write(write(set('/yes', 4), { ifMatch: '0' })),
    ]);
    const codes = outcomes.map((outcome) =>
      outcome.status === 'rejected' ? (outcome.reason as RefusedError).code : 'made',
    );
    expect(codes).toEqual(['permission-denied', 'made', 'permission-denied', 'invalid-data', 'precondition-failed']);
    expect((outcomes[0] as PromiseRejectedResult).reason).toMatchObject({ trace: 't-9' });
    expect(valueAt(server, '/')).toEqual({ yes: 1 });
    expect(server.wires.length).toBe(1);
  });

  test('that the server takes for a broken frame is refused once, and does not come back', async () => {
    const { server, connection } = await online();
    await expect(connection.write(write(set('/a', 1), { key: '' }))).rejects.toMatchObject({ code: 'invalid-header' });
    await connection.write(write(set('/b', 1)));
    expect(valueAt(server, '/')).toEqual({ b: 1 });
  });

  test('need not be waited for', async () => {
    const { server, connection } = await online();
    connection.goOffline();
    const [unsent, aborted] = [new AbortController(), new AbortController()];
    const one = connection.write(write(set('/a', 1)), unsent.signal);
    unsent.abort(new Error('enough'));
    await expect(one).rejects.toThrow('enough');
    connection.goOnline();
    await connection.write(write(set('/b', 1)));
    expect(valueAt(server, '/a')).toBe(null);
    const other = connection.write(write(set('/c', 1)), aborted.signal);
    aborted.abort(new Error('enough'));
    await expect(other).rejects.toThrow('enough');
    await connection.write(write(set('/b', 2)));
    expect(valueAt(server, '/c')).toBe(1);
  });
});
