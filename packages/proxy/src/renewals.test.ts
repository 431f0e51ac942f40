import type { Credentials, Principal } from '@backside/protocol';
import { describe, expect, test } from 'vitest';
import { openFixture, put, type TestClient, turns } from './session-fixture.js';

const MANY = 500;

/** Tokens are names with claims behind a dash: `ann-1`. Everybody may read `/public`, and each claim its own `/of/…`. */
function openClaims() {
  return openFixture({
    limits: { subscriptions: 10_000 },
    authenticate: async ({ token = '' }: Credentials): Promise<Principal> => {
      const [uid = '', claim] = token.split('-');
      return { kind: 'user', uid, provider: 'test', claims: { claim } };
    },
    authorizer: {
      read: ({ principal, path }) => ({
        allowed: path[0] === 'public' || (principal.kind === 'user' && principal.claims.claim === path[1]),
      }),
      write: () => ({ allowed: true }),
    },
  });
}

async function subscribed(client: TestClient, destinations: readonly string[], headers: Record<string, string> = {}) {
  client.send('SUBSCRIBE', { id: 'e', destination: '/.errors' });
  for (const destination of destinations) client.send('SUBSCRIBE', { id: destination, destination, ...headers });
  for (const _destination of destinations) await client.next();
}

/** Listens of an own connection to `/public/k0` and so on, and half as many to `/of/1/k0` and so on. */
function manyDestinations(): string[] {
  return Array.from({ length: MANY }, (_, n) => [`/public/k${n}`, ...(n % 2 === 0 ? [`/of/1/k${n}`] : [])]).flat();
}

describe('a new sign-in with very many subscriptions', () => {
  test('lets nothing through that the new user may not read, and loses nothing that it may', async () => {
    const { client, database } = await openClaims();
    const session = await client({ headers: { token: 'ann-1' } });
    await subscribed(session, manyDestinations());
    session.send('SEND', { destination: '/.auth', receipt: 'signed-in' }, '"ann-2"');
    for (let step = 0; step < 10; step += 1) await Promise.resolve();
    const backwards = Array.from({ length: MANY }, (_, n) => MANY - 1 - n);
    await Promise.all(backwards.flatMap((n) => [put(database, `/of/1/k${n}`, n), put(database, `/public/k${n}`, n)]));
    await turns(200);
    const frames = await session.rest();
    const events = frames.filter(({ headers }) => headers.event !== undefined);
    expect(events.map(({ headers }) => headers.destination).sort()).toEqual(
      Array.from({ length: MANY }, (_, n) => `/public/k${n}`).sort(),
    );
    expect(frames.filter(({ headers }) => headers.code === 'permission-denied')).toHaveLength(MANY / 2);
    expect(frames.filter(({ command }) => command === 'RECEIPT')).toHaveLength(1);
  });

  test('gives others a turn while it is under way', async () => {
    const { client, proxy } = await openClaims();
    const [session, other] = [await client({ headers: { token: 'ann-1' } }), await client()];
    await subscribed(session, manyDestinations());
    session.send('SEND', { destination: '/.auth', receipt: 'signed-in' }, '"ann-2"');
    other.send('SEND', { destination: '/public/x', receipt: 'mine' }, '1');
    expect((await other.next()).headers['receipt-id']).toBe('mine');
    expect(proxy.counters.receiptsOut).toBe(1);
    expect((await session.nextOf('RECEIPT')).headers['receipt-id']).toBe('signed-in');
  });

  test('may be followed by another one, and by the end of the connection', async () => {
    const { client, proxy, database } = await openClaims();
    const session = await client({ headers: { token: 'ann-1' } });
    await subscribed(session, manyDestinations());
    session.send('SEND', { destination: '/.auth' }, '"ann-2"');
    session.send('SEND', { destination: '/.auth' }, '"ann-1"');
    await turns(2);
    session.transport.clientVanishes();
    await turns(200);
    expect(proxy.counters.subscriptions).toBe(0);
    expect(database.stats().subscriptions).toBe(0);
  });
});

describe('a new token', () => {
  test('that no rule can tell from the old one touches no subscription', async () => {
    const { client, database } = await openClaims();
    const session = await client({ headers: { token: 'ann-1' } });
    const limited = { query: '{"orderBy":"$key","limitToFirst":5}' };
    await subscribed(session, ['/of/1'], limited);
    expect((await session.ask('SEND', { destination: '/.auth' }, '"ann-1"')).command).toBe('RECEIPT');
    expect(await session.rest()).toEqual([]);
    await put(database, '/of/1/a', 1);
    expect((await session.rest()).map(({ headers, body }) => [headers.event, body])).toEqual([['patch', '{"a":1}']]);
  });

  test('goes on from the present state where nothing has changed for long', async () => {
    const { client, database } = await openClaims();
    await put(database, '/public/quiet', 'still');
    const session = await client({ headers: { token: 'ann-1' } });
    await subscribed(session, ['/public/quiet']);
    for (let n = 0; n < 12_000; n += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, i) => put(database, '/public/busy', n + i)));
    }
    expect((await session.ask('SEND', { destination: '/.auth' }, '"ann-2"')).command).toBe('RECEIPT');
    expect(await session.rest()).toEqual([]);
    await put(database, '/public/quiet', 'no more');
    expect((await session.next()).body).toBe('"no more"');
  });
});
