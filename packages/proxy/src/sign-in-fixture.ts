import type { Authorizer } from '@backside/api';
import { type Credentials, NOBODY, type Principal } from '@backside/protocol';
import { type Fixture, openFixture, type ReceivedFrame, type TestClient } from './session-fixture.js';

/** Everybody reads and writes all but `/staff`, which is for users whose claim says so, and `/ann`, which is for users. */
export const STAFF_RULES: Authorizer = {
  read: ({ principal, path }) => ({ allowed: mayTouch(principal, path[0]) }),
  write: ({ principal, changes }) => ({ allowed: changes.every(({ path }) => mayTouch(principal, path[0])) }),
};

function mayTouch(principal: Principal, place: string | undefined): boolean {
  if (place === 'staff') return principal.kind === 'user' && principal.claims.staff === true;
  return place !== 'ann' || principal.kind === 'user';
}

export interface Changing extends Fixture {
  readonly clock: { now: number };
  /** How many principals are watched now. */
  watched(): number;
  /** What happens to the sign-in with this token. */
  change(token: string, next: Principal): void;
}

export function user(claims: Record<string, unknown> = {}, expiresAt?: number): Principal {
  return { kind: 'user', uid: 'ann', provider: 'test', claims, ...(expiresAt !== undefined && { expiresAt }) };
}

/** A proxy whose tokens are as in `tokens`, on a clock that stands still, under the rules above. */
export async function openChanging(tokens: Record<string, Principal>): Promise<Changing> {
  const clock = { now: 1_000_000 };
  const watchers = new Map<(next: Principal) => void, Principal>();
  const fixture: Fixture = await openFixture({
    authorizer: STAFF_RULES,
    now: () => clock.now,
    authenticate: async ({ token }: Credentials) => (token === undefined ? NOBODY : (tokens[token] ?? NOBODY)),
    watchPrincipal: (principal, database, changed) => {
      if (database === fixture.database.name) watchers.set(changed, principal);
      return () => watchers.delete(changed);
    },
  });
  return {
    ...fixture,
    clock,
    watched: () => watchers.size,
    change: (token, next) => {
      for (const [changed, principal] of watchers) if (principal === tokens[token]) changed(next);
    },
  };
}

/** A client that is told of refusals, and listens to who it is (`u`), `/ann` and `/public`. */
export async function listening(fixture: Fixture, token: string): Promise<TestClient> {
  const client = await fixture.client({ headers: { token } });
  client.send('SUBSCRIBE', { id: 'e', destination: '/.errors' });
  client.send('SUBSCRIBE', { id: 'u', destination: '/.info/user' });
  client.send('SUBSCRIBE', { id: 'own', destination: '/ann' });
  client.send('SUBSCRIBE', { id: 'all', destination: '/public' });
  await client.rest();
  return client;
}

export function ofUser(frames: readonly ReceivedFrame[]): { body: unknown; headers: ReceivedFrame['headers'] }[] {
  return frames
    .filter(({ headers }) => headers.destination === '/.info/user')
    .map(({ body, headers }) => ({ body: JSON.parse(body), headers }));
}

export function lost(frames: readonly ReceivedFrame[]): unknown[] {
  return frames.filter(({ headers }) => headers.destination === '/.errors').map(({ body }) => JSON.parse(body));
}
