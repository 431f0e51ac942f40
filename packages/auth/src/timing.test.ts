import { expect, it } from 'vitest';
import { createAuthFixture, PASSWORD, refusal, SERVER } from './testing/auth-fixture.js';

const ROUNDS = 15;

/** The median of each question's times, asked in turn so that what slows one down slows down all. */
async function medians(ask: readonly (() => Promise<unknown>)[]): Promise<number[]> {
  const times = ask.map(() => [] as number[]);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, question] of ask.entries()) {
      const start = process.hrtime.bigint();
      await question();
      times[i]!.push(Number(process.hrtime.bigint() - start) / 1e6);
    }
  }
  return times.map((list) => list.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] as number);
}

it('takes as long for an unknown user, one without password, one disabled and one with an old hash as for a wrong password', async () => {
  const unlimited = { free: 1e6, firstDelayMs: 1, maxDelayMs: 1, forgetMs: 1 };
  const budgets = { stranger: unlimited, known: unlimited, address: unlimited, pressure: unlimited };
  const { auth, signUp, login } = await createAuthFixture({ passwordCost: 10 }, { throttleBudgets: budgets });
  await signUp('bob');
  const { user } = await signUp('carol');
  await auth.users.update(SERVER, user.uid, { disabled: true });
  await auth.users.create(SERVER, { username: 'nopassword' });
  const { hash } = await import('bcrypt');
  await auth.users.create(SERVER, { username: 'oldhash', passwordHash: await hash(PASSWORD, 6) });
  const [known = 0, ...others] = await medians(
    ['bob', 'nobody', 'nopassword', 'carol', 'oldhash', 'a/b'].map(
      (name) => () => refusal(login(name, 'wrong password')),
    ),
  );
  expect(known).toBeGreaterThan(5);
  for (const other of others) {
    expect(other / known).toBeGreaterThan(0.6);
    expect(other / known).toBeLessThan(1.7);
  }
});
