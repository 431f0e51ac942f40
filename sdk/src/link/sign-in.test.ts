import type { Authorizer } from '@backside/api';
import { BacksideError, type Credentials, NOBODY, type Principal } from '@backside/protocol';
import { afterEach, expect, test } from 'vitest';
import { closeConnections, connect, Heard, online, set, target, write } from '../testing/connected.js';
import { type MemoryServer, openMemoryServer, put, valueAt } from '../testing/memory-server.js';
import { until } from '../testing/until.js';
import type { UserInfo } from './connection.js';
import type { RefusedError } from './refused-error.js';

afterEach(closeConnections);

/** `/own` is for users, everything else for everybody. */
const OWN: Authorizer = {
  read: ({ principal, path }) => ({ allowed: principal.kind === 'user' || path[0] !== 'own' }),
  write: ({ principal, changes }) => ({
    allowed: principal.kind === 'user' || changes.every(({ path }) => path[0] !== 'own'),
  }),
};

interface Guarded {
  readonly server: MemoryServer;
  /** Tokens in the order in which the server was shown them; null for none. */
  readonly shown: (string | null)[];
  /** Tells the sessions of this token what has become of its user. */
  change(token: string, next: Principal): void;
}

/** A server that takes any token `UID` or `UID-N`, but none that begins with `bad`. `lifeMs` says for how long. */
async function guarded(lifeMs: (token: string) => number | null = () => null): Promise<Guarded> {
  const shown: (string | null)[] = [];
  const watched = new Map<Principal, { token: string; changed: (next: Principal) => void }>();
  const tokens = new Map<Principal, string>();
  const server = await openMemoryServer({
    authorizer: OWN,
    limits: { expiryNoticeMs: 60_000 },
    authenticate: async ({ token }: Credentials) => {
      shown.push(token ?? null);
      if (token === undefined) return NOBODY;
      if (token.startsWith('bad')) throw new BacksideError('unauthenticated');
      const life = lifeMs(token);
      const expiry = life === null ? {} : { expiresAt: Date.now() + life };
      const user: Principal = { kind: 'user', uid: token.split('-')[0]!, provider: 'test', claims: {}, ...expiry };
      tokens.set(user, token);
      return user;
    },
    watchPrincipal: (principal, _database, changed) => {
      watched.set(principal, { token: tokens.get(principal) ?? '', changed });
      return () => watched.delete(principal);
    },
  });
  return {
    ...{ server, shown },
    change: (token, next) => {
      for (const entry of [...watched.values()]) if (entry.token === token) entry.changed(next);
    },
  };
}

/** Gives `ann-1`, `ann-2` and so on. */
function counting(uid = 'ann'): () => Promise<string> {
  let count = 0;
  return async () => `${uid}-${++count}`;
}

test('a token given at once is there from the first frame on', async () => {
  const { server, shown } = await guarded();
  const connection = connect(server);
  await connection.setToken(async () => 'ann');
  const users: (UserInfo | null)[] = [];
  connection.onUser((user) => users.push(user));
  await until(() => users.length === 1);
  expect(connection.user).toMatchObject({ uid: 'ann', provider: 'test' });
  expect(shown).toEqual(['ann']);
});

test('a token given later signs in on the same connection, and null signs out', async () => {
  const { server } = await guarded();
  const connection = connect(server);
  await until(() => connection.status === 'online');
  const heard = new Heard();
  connection.listen(target('/own'), heard);
  await until(() => heard.refusal !== null);
  await connection.setToken(async () => 'ann');
  await connection.write(write(set('/own', 1)));
  await connection.setToken(null);
  await expect(connection.write(write(set('/own', 2)))).rejects.toMatchObject({ code: 'permission-denied' });
  expect(connection.user).toBe(null);
  expect(server.wires.length).toBe(1);
});

test('a write behind a sign-in is made by who signed in', async () => {
  const { server } = await guarded();
  const connection = connect(server);
  await until(() => connection.status === 'online');
  const slow = new Promise<string>((resolve) => setTimeout(() => resolve('ann'), 30));
  const signedIn = connection.setToken(() => slow);
  const written = connection.write(write(set('/own', 1)));
  await Promise.all([signedIn, written]);
  expect(valueAt(server, '/own')).toBe(1);
});

test('a token that the server refuses on the line rejects, and leaves the line', async () => {
  const { server } = await guarded();
  const connection = connect(server);
  await until(() => connection.status === 'online');
  await expect(connection.setToken(async () => 'bad')).rejects.toMatchObject({ code: 'unauthenticated' });
  expect(connection.status).toBe('online');
  await connection.write(write(set('/a', 1)));
});

test('a token that is refused at the beginning is asked for once again, then it takes the application', async () => {
  const { server, shown } = await guarded();
  const connection = connect(server);
  await connection.setToken(counting('bad'));
  await until(() => shown.length === 2 && connection.status === 'offline');
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(shown).toEqual(['bad-1', 'bad-2']);
  expect(connection.lastError).toMatchObject({ code: 'unauthenticated' });
  await connection.setToken(async () => 'ann');
  await until(() => connection.status === 'online');
  expect(shown).toEqual(['bad-1', 'bad-2', 'ann']);
});

test('each new connection asks for the token again', async () => {
  const { server, shown } = await guarded();
  const connection = connect(server);
  await connection.setToken(counting());
  await until(() => connection.status === 'online');
  server.wires[0]!.cut();
  await until(() => shown.length === 2 && connection.status === 'online');
  expect(shown).toEqual(['ann-1', 'ann-2']);
});

test('a credential that will soon expire is renewed on the line, before anything is refused', async () => {
  const { server, shown } = await guarded((token) => (token === 'ann-1' ? 500 : null));
  const connection = connect(server);
  const heard = new Heard();
  await connection.setToken(counting());
  connection.listen(target('/own'), heard);
  await until(() => shown.length === 2, 'the renewal');
  await new Promise((resolve) => setTimeout(resolve, 300));
  await connection.write(write(set('/own', 1)));
  await until(() => heard.lines.at(-1) === 'put /own 1');
  expect(heard.refusal).toBe(null);
  expect(server.wires.length).toBe(1);
  expect(shown).toEqual(['ann-1', 'ann-2']);
});

test('a token that was not renewed in time is when it has lapsed, and nothing is lost or changes its order', async () => {
  const { server, shown } = await guarded((token) => (token === 'ann-1' ? 800 : null));
  const connection = connect(server);
  const heard = new Heard();
  const lapse = Date.now() + 800;
  await connection.setToken(async () => (Date.now() < lapse ? 'ann-1' : 'ann-2'));
  connection.listen(target('/own'), heard);
  await until(() => heard.events.length === 1);
  const written: Promise<unknown>[] = [];
  for (let count = 0; count < 200; count++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    written.push(connection.write(write(set('/own', count))));
  }
  await Promise.all(written);
  await until(() => heard.lines.at(-1) === 'put /own 199');
  expect(heard.refusal).toBe(null);
  const values = heard.events.filter(({ snapshot }) => !snapshot).map(({ body }) => body);
  expect(values).toEqual([...values].sort((a, b) => Number(a) - Number(b)));
  expect(server.wires.length).toBe(1);
  expect(shown).toEqual(['ann-1', 'ann-2']);
});

test('who is revoked and has no new token loses what it may no longer see, and writes are refused', async () => {
  const { server, change } = await guarded();
  let token = 'ann';
  const connection = connect(server);
  const heard = new Heard();
  await connection.setToken(async () => token);
  connection.listen(target('/own'), heard);
  await until(() => heard.events.length === 1);
  token = 'bad';
  change('ann', NOBODY);
  await until(() => heard.refusal !== null, 'the refusal');
  expect(heard.refusal).toMatchObject({ code: 'permission-denied' });
  expect(connection.user).toBe(null);
  expect(connection.lastError).toMatchObject({ code: 'unauthenticated' });
  await put(server, '/own', 1);
  const refused = await connection.write(write(set('/own', 2))).catch((error: RefusedError) => error);
  expect(refused).toMatchObject({ code: 'unauthenticated' });
  expect(heard.events).toHaveLength(1);
});

test('a getToken that throws is asked again with the next attempt', async () => {
  const { server } = await guarded();
  let calls = 0;
  const connection = connect(server);
  await connection.setToken(async () => {
    calls += 1;
    if (calls < 3) throw new Error('no network');
    return 'ann';
  });
  await until(() => connection.status === 'online');
  expect(calls).toBe(3);
});

test('a line that breaks during a renewal does not keep anybody waiting', async () => {
  const { server, connection } = await online({ authorizer: OWN });
  server.wires[0]!.freeze();
  const signedIn = connection.setToken(async () => 'ann');
  const written = connection.write(write(set('/a', 1)));
  await until(() => server.wires.length === 1);
  setTimeout(() => server.wires[0]!.cut(), 20);
  await signedIn;
  await written;
  expect(server.wires.length).toBe(2);
});

test('what one user has written is not sent for another, and made once when that user is back', async () => {
  const { server } = await guarded();
  const connection = connect(server);
  await connection.setToken(async () => 'ann');
  await until(() => connection.user?.uid === 'ann');
  connection.goOffline();
  const kept = connection.write(write(set('/own', 'by ann')));
  await connection.setToken(null);
  connection.goOnline();
  await until(() => connection.status === 'online' && connection.user === null);
  await connection.write(write(set('/a', 'by nobody')));
  expect(valueAt(server, '/own')).toBe(null);
  await connection.setToken(async () => 'ann');
  await kept;
  expect(valueAt(server, '/own')).toBe('by ann');
  connection.goOffline();
  const lost = connection.write(write(set('/own', 'by ann again')));
  await connection.setToken(async () => 'bob');
  const made = connection.write(write(set('/b', 'by bob')));
  connection.goOnline();
  await expect(lost).rejects.toMatchObject({ code: 'unauthenticated' });
  await made;
  expect(valueAt(server, '/own')).toBe('by ann');
});

test('a write that was sent and not answered is sent again for its user only', async () => {
  const { server } = await guarded();
  const connection = connect(server);
  await connection.setToken(async () => 'ann');
  await until(() => connection.user?.uid === 'ann');
  server.wires.at(-1)!.freeze();
  const lost = connection.write(write(set('/own', 'by ann')));
  await Promise.resolve();
  connection.goOffline();
  await connection.setToken(async () => 'bob');
  connection.goOnline();
  await expect(lost).rejects.toMatchObject({ code: 'unauthenticated' });
  expect(valueAt(server, '/own')).toBe(null);
});
