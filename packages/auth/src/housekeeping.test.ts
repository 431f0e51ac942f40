import { expect, it } from 'vitest';
import { createAuthFixture, HOME, SERVER } from './testing/auth-fixture.js';

it('removes what has expired, and nothing else', async () => {
  const { auth, signUp, tree, clock } = await createAuthFixture({ sessionIdleMs: 600_000 });
  const { user } = await signUp('bob');
  const { user: gone } = await signUp('carol');
  await auth.users.delete(SERVER, gone.uid);
  await auth.signIn.requestReset({ login: 'bob' }, HOME);
  await auth.settled();
  expect(tree.keys(['oneTime'])).toHaveLength(3);
  await auth.maintain();
  expect(tree.keys(['oneTime'])).toHaveLength(3);
  expect(tree.keys(['sessions'])).toHaveLength(1);
  expect(tree.keys(['deleted'])).toHaveLength(1);
  clock.time += 600_000;
  await auth.maintain();
  expect(tree.keys(['sessions'])).toEqual([]);
  expect(tree.keys(['sessionsOf', user.uid])).toEqual([]);
  clock.time += 4 * 86_400_000;
  await auth.maintain();
  expect(tree.keys(['oneTime'])).toEqual([]);
  expect(tree.keys(['deleted'])).toEqual([]);
  expect(tree.keys(['accounts'])).toEqual([user.uid]);
});

it('gets through more than it looks at in one step', async () => {
  const { auth, tree, clock } = await createAuthFixture();
  const records = (prefix: string, expiresAt: number) =>
    Array.from({ length: 1500 }, (_, i) => ({
      path: ['oneTime', `${prefix}${String(i).padStart(5, '0')}`],
      value: { purpose: 'oidc', expiresAt },
    }));
  await tree.update([...records('a', clock.time + 3_600_000), ...records('b', clock.time - 1)]);
  for (let step = 0; step < 3; step++) await auth.maintain();
  expect(tree.keys(['oneTime'])).toHaveLength(1500);
});
