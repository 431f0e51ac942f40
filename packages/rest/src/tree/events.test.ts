import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { ADMIN } from '@backside/protocol';
import { parsePath } from '@backside/tree';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { listenTo, type SentEvents } from '../testing/event-source.js';
import { adminToken, ask, openServer, signUp, type TestServer } from '../testing/rest-fixture.js';

const RULES = JSON.stringify({
  rules: {
    open: { '.read': true },
    mine: { '.read': 'auth.uid != null' },
    shared: { '.read': "data.child('public').val() == true" },
    staff: { '.read': 'auth.token.staff == true' },
    people: { '.read': true, '.indexOn': 'age' },
  },
});

let server: TestServer;
let admin: string;

beforeAll(async () => {
  server = await openServer({ rest: { tree: { softQueueBytes: 64 * 1024, maxStreamsPerAddress: 20 } } });
  await server.main.rules.put(RULES, null);
  admin = await adminToken(server);
});

afterAll(() => server.stop());

function put(path: string, value: unknown): Promise<unknown> {
  return write([{ method: 'set', path: parsePath(path), value }]);
}

function write(steps: Parameters<TestServer['main']['database']['write']>[0]['steps']): Promise<unknown> {
  return server.main.database.write({ principal: ADMIN, steps });
}

/** Listens until the test is over. */
async function listen(path: string, headers?: Record<string, string>): Promise<SentEvents> {
  const events = await listenTo(`${server.url}${path}`, headers);
  onTestFinished(() => events.close());
  return events;
}

describe('a stream of events', () => {
  test('begins with the state and goes on with every change, relative to the path', async () => {
    await put('/open/a', { n: 1 });
    const events = await listen('/open/a.json');
    expect(events.status).toBe(200);
    const { epoch } = server.main.database;
    const idNow = (): string => `${epoch}:${server.main.database.revision}`;
    expect(await events.next()).toEqual({ event: 'put', id: idNow(), data: { path: '/', data: { n: 1 } } });
    await put('/open/a/deep/er', 'x');
    expect(await events.next()).toEqual({ event: 'put', id: idNow(), data: { path: '/deep/er', data: 'x' } });
    await write([{ method: 'update', path: parsePath('/open/a'), value: { n: 2, 'deep/er': null } }]);
    expect(await events.next()).toMatchObject({ event: 'patch', data: { path: '/', data: { n: 2, 'deep/er': null } } });
    await put('/open', null);
    expect(await events.next()).toMatchObject({ event: 'put', data: { path: '/', data: null } });
  });

  test('begins with null where nothing stands', async () => {
    expect(await (await listen('/open/none.json')).next()).toMatchObject({ data: { path: '/', data: null } });
  });

  test('is in the export form if that is asked for', async () => {
    await put('/open/p', { '.value': 1, '.priority': 2 });
    const events = await listen('/open/p.json?format=export');
    expect(await events.next()).toMatchObject({ data: { data: { '.value': 1, '.priority': 2 } } });
  });

  test('of values tells nothing of priorities', async () => {
    await put('/open/p', { a: 1, b: 2 });
    const events = await listen('/open/p.json');
    await events.next();
    await put('/open/p/a/.priority', 3);
    await write([{ method: 'update', path: parsePath('/open/p'), value: { '.priority': 1, 'a/.priority': 2 } }]);
    await write([{ method: 'update', path: parsePath('/open/p'), value: { b: 3, 'a/.priority': 4 } }]);
    expect(await events.next()).toMatchObject({ event: 'patch', data: { path: '/', data: { b: 3 } } });
  });

  test('of a priority alone there is none', async () => {
    const { status } = await ask(server, 'GET /open/p/.priority.json', { headers: { accept: 'text/event-stream' } });
    expect(status).toBe(400);
  });

  test('of a query shows its window, whole at all times', async () => {
    await put('/people', { ann: { age: 30 }, bob: { age: 74 }, cy: { age: 50 } });
    const events = await listen(`/people.json?orderBy="age"&limitToLast=2`);
    expect(await events.next()).toMatchObject({ data: { path: '/', data: { bob: { age: 74 }, cy: { age: 50 } } } });
    await put('/people/dee', { age: 60 });
    const window: Record<string, unknown> = { bob: { age: 74 }, cy: { age: 50 } };
    await vi.waitFor(async () => {
      const { data } = await events.next();
      apply(window, data as Told);
      expect(window).toEqual({ bob: { age: 74 }, dee: { age: 60 } });
    });
  });

  test('of a query without an index is refused with a status', async () => {
    const { status, json } = await ask<unknown>(server, 'GET /people.json?orderBy="x"&limitToLast=2', {
      headers: { accept: 'text/event-stream' },
    });
    expect({ status, json }).toMatchObject({ status: 400, json: { error: expect.stringContaining('.indexOn') } });
  });

  test('is refused where it would wait behind another answer of its connection', async () => {
    const events = 'Host: x\r\nAccept: text/event-stream\r\n\r\n';
    const socket = connect(server.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    const closed = once(socket, 'close');
    socket.on('error', () => {});
    socket.write(`GET /open.json HTTP/1.1\r\n${events}GET /open.json HTTP/1.1\r\n${events}`);
    await once(socket, 'data');
    await expect.poll(() => server.main.database.stats().subscriptions).toBe(1);
    socket.destroy();
    await closed;
    await expect.poll(() => server.main.database.stats().subscriptions).toBe(0);
  });

  test('is kept alive', async () => {
    const events = await listen('/open/silent.json');
    await events.next();
    server.clock.advance(31_000);
    expect(await events.next()).toEqual({ event: 'keep-alive', data: null });
  });
});

interface Told {
  readonly path: string;
  readonly data: unknown;
}

/** Applies an event to a map of children. */
function apply(state: Record<string, unknown>, { path, data }: Told): void {
  const changes = path === '/' ? Object.entries(data as object) : [[path.slice(1), data] as const];
  for (const [key, value] of changes) {
    if (value === null) delete state[key];
    else state[key] = value;
  }
}

describe('the right to listen', () => {
  test('is asked for before anything is sent', async () => {
    const { status, text } = await ask(server, 'GET /mine.json', { headers: { accept: 'text/event-stream' } });
    expect({ status, text }).toEqual({ status: 401, text: '{"error":"Permission denied"}' });
  });

  test('ends with the data that it rests on', async () => {
    await put('/shared', { public: true, text: 'a' });
    const events = await listen('/shared.json');
    await events.next();
    await put('/shared', { public: false, text: 'secret' });
    expect(await events.next()).toEqual({ event: 'cancel', data: null });
    await events.ended();
  });

  test('ends with the token', async () => {
    const { accessToken, accessExpiresAt } = await signUp(server, 'expiring@example.com');
    const events = await listen(`/mine.json?auth=${accessToken}`);
    await events.next();
    server.clock.advance(accessExpiresAt - server.clock.now());
    expect(await events.next()).toEqual({ event: 'auth_revoked', data: 'credential is no longer valid' });
    await events.ended();
  });

  test('ends with the session', async () => {
    const { accessToken, refreshToken } = await signUp(server, 'leaving@example.com');
    const events = await listen('/mine.json', { authorization: `Bearer ${accessToken}` });
    await events.next();
    await ask(server, 'POST /auth/logout', { body: { refreshToken } });
    expect(await events.next()).toMatchObject({ event: 'auth_revoked' });
  });

  test('follows the claims of the account, without a gap', async () => {
    const { accessToken, user } = await signUp(server, 'staff@example.com');
    const { users } = server.main.auth;
    await users.update(ADMIN, user.uid, { claims: { staff: true, floor: 1 } });
    const events = await listen('/staff.json', { authorization: `Bearer ${accessToken}` });
    expect(await events.next()).toMatchObject({ event: 'put' });
    await users.update(ADMIN, user.uid, { claims: { staff: true, floor: 2 } });
    await put('/staff/a', 1);
    await vi.waitFor(async () => expect(await events.next()).toMatchObject({ data: { path: '/a', data: 1 } }));
    await users.update(ADMIN, user.uid, { claims: {} });
    await vi.waitFor(async () => expect(await events.next()).toMatchObject({ event: 'cancel' }));
  });

  test('of an admin who acts as somebody is that somebody’s', async () => {
    const override = encodeURIComponent(JSON.stringify({ uid: 'x', token: { staff: false } }));
    const { status } = await listen(`/staff.json?auth=${admin}&auth_variable_override=${override}`);
    expect(status).toBe(401);
  });
});

describe('Last-Event-ID', () => {
  test('brings what was missed, and only that', async () => {
    await put('/open/r', { a: 1 });
    const before = await listen('/open/r.json');
    const { id } = await before.next();
    before.close();
    await put('/open/r/b', 2);
    await put('/open/r/c', 3);
    const after = await listen('/open/r.json', { 'last-event-id': id! });
    expect(await after.next()).toMatchObject({ event: 'put', data: { path: '/b', data: 2 } });
    const last = await after.next();
    expect(last).toMatchObject({ event: 'put', data: { path: '/c', data: 3 } });
    const again = await listen('/open/r.json', { 'last-event-id': last.id! });
    expect(await again.next()).toMatchObject({ event: 'patch', id: last.id, data: { path: '/', data: {} } });
  });

  test.each(['nonsense', 'another-epoch:1', ''])('%j begins anew', async (id) => {
    await put('/open/r', { a: 1 });
    const events = await listen('/open/r.json', { 'last-event-id': id });
    expect(await events.next()).toMatchObject({ event: 'put', data: { path: '/', data: { a: 1 } } });
  });
});

describe('a client', () => {
  test('that keeps up gets every event, however many come at once', async () => {
    const events = await listen('/open/busy.json');
    await events.next();
    const value = 'v'.repeat(1_000);
    const writes = Array.from({ length: 300 }, (_, n) => put('/open/busy', { n, value }));
    await Promise.all(writes);
    for (const n of writes.keys()) expect(await events.next()).toMatchObject({ data: { data: { n } } });
  });

  test('that does not read costs a bounded amount, and gets the sum of what it missed', async () => {
    const value = 'v'.repeat(10_000);
    const { message, read } = await listenWithoutReading('/open/slow.json');
    for (let n = 0; n < 2_000; n++) await put('/open/slow', { n, value });
    expect(message.socket.bytesRead).toBeLessThan(15_000_000);
    const text = await read((soFar) => soFar.includes('"n":1999'));
    expect(text.match(/^event: /gm)!.length).toBeLessThan(1_900);
  });

  test('gets as many streams as one address may have', async () => {
    const open: SentEvents[] = [];
    let refused = 0;
    for (let n = 0; n < 21; n++) {
      const events = await listen('/open/many.json');
      if (events.status === 200) open.push(events);
      else refused += 1;
    }
    expect(refused).toBeGreaterThan(0);
    for (const events of open) events.close();
    await vi.waitFor(async () => expect((await listen('/open/many.json')).status).toBe(200));
  });
});

test('a server that goes down ends its streams and begins no others, while it answers what else is asked', async () => {
  const leaving = await openServer();
  onTestFinished(() => leaving.stop());
  await leaving.main.rules.put(RULES, null);
  const url = `${leaving.url}/open/x.json`;
  const events = await listenTo(url);
  await events.next();
  leaving.rest.close();
  await events.ended();
  expect((await listenTo(url)).status).toBe(503);
  expect((await fetch(url)).status).toBe(200);
});

/** A listener that takes nothing until `read` is called, which resolves with all it then gets, once that `holds` enough. */
async function listenWithoutReading(path: string): Promise<{
  message: import('node:http').IncomingMessage;
  read: (holds: (text: string) => boolean) => Promise<string>;
}> {
  const sent = request({ port: server.port, path, headers: { accept: 'text/event-stream' } }).end();
  onTestFinished(() => void sent.destroy());
  const message = await new Promise<import('node:http').IncomingMessage>((resolve) => sent.on('response', resolve));
  message.pause();
  const read = (holds: (text: string) => boolean): Promise<string> =>
    new Promise((resolve) => {
      let text = '';
      message.resume().on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (holds(text)) resolve(text);
      });
    });
  return { message, read };
}
