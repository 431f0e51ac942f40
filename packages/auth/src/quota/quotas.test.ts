import { ADMIN, NOBODY, type UserPrincipal } from '@backside/protocol';
import { expect, test } from 'vitest';
import { Quota } from './quota.js';
import { NO_QUOTA, type QuotaLimits } from './quota-limits.js';
import { Quotas } from './quotas.js';

const ANN: UserPrincipal = { kind: 'user', uid: 'ann', provider: 'test', claims: {} };
const BOB: UserPrincipal = { ...ANN, uid: 'bob' };

/** Quotas on a clock of their own. */
function quotasOf(limits: { perUser?: Partial<QuotaLimits>; perAddress?: Partial<QuotaLimits> }) {
  const clock = { now: 1_000_000 };
  const quotas = new Quotas(
    { perUser: { ...NO_QUOTA, ...limits.perUser }, perAddress: { ...NO_QUOTA, ...limits.perAddress } },
    () => clock.now,
  );
  const quotaOf = (address: string, principal: Parameters<Quota['become']>[0], database = 'main'): Quota => {
    const quota = new Quota(quotas, address);
    quota.become(principal, database);
    return quota;
  };
  return { quotas, clock, quotaOf };
}

/** How many of so many operations are not refused. */
function operate(quota: Quota, times: number, now: number, bytes = 1): number {
  let made = 0;
  for (let time = 0; time < times; time += 1) {
    try {
      quota.spend(bytes, now);
      made += 1;
    } catch {
      // Counted by what is missing.
    }
  }
  return made;
}

test('the connections of one user share a budget, wherever they come from, and other users have their own', () => {
  const { clock, quotaOf } = quotasOf({ perUser: { operationsPerSecond: 5 } });
  const [one, two, other] = [quotaOf('192.0.2.1', ANN), quotaOf('192.0.2.2', ANN), quotaOf('192.0.2.1', BOB)];
  expect(operate(one, 7, clock.now)).toBe(7);
  expect(operate(two, 7, clock.now)).toBe(3);
  expect(operate(other, 7, clock.now)).toBe(7);
});

test('users of the same name in two databases are two users', () => {
  const { clock, quotaOf } = quotasOf({ perUser: { operationsPerSecond: 5 } });
  expect(operate(quotaOf('192.0.2.1', ANN, 'main'), 20, clock.now)).toBe(10);
  expect(operate(quotaOf('192.0.2.1', ANN, 'other'), 20, clock.now)).toBe(10);
});

test('whoever comes from one address shares its budget, and one of IPv6 is a whole network', () => {
  const { clock, quotaOf } = quotasOf({ perAddress: { operationsPerSecond: 5 } });
  expect(operate(quotaOf('2001:db8:1:2::1', ANN), 6, clock.now)).toBe(6);
  expect(operate(quotaOf('2001:db8:1:2::2', NOBODY), 6, clock.now)).toBe(4);
  expect(operate(quotaOf('2001:db8:1:3::1', NOBODY), 6, clock.now)).toBe(6);
});

test('an admin takes from nobody’s budget', () => {
  const { clock, quotaOf } = quotasOf({ perAddress: { operationsPerSecond: 1, listens: 0 } });
  const admin = quotaOf('192.0.2.1', ADMIN);
  expect(operate(admin, 100, clock.now)).toBe(100);
  admin.assertListen();
  expect(operate(quotaOf('192.0.2.1', NOBODY), 100, clock.now)).toBe(2);
});

test('what one budget refuses takes nothing from the other', () => {
  const { clock, quotaOf } = quotasOf({ perUser: { operationsPerSecond: 5 }, perAddress: { bytesPerSecond: 50 } });
  const quota = quotaOf('192.0.2.1', ANN);
  quota.spend(95, clock.now);
  expect(operate(quota, 50, clock.now, 10)).toBe(0);
  expect(operate(quota, 5, clock.now, 1)).toBe(5);
  expect(operate(quota, 9, clock.now, 0)).toBe(4);
});

test('the refusal names the limit and when to come back, and then holds its word', () => {
  const { quotas, clock, quotaOf } = quotasOf({ perUser: { operationsPerSecond: 4 } });
  const quota = quotaOf('192.0.2.1', ANN);
  operate(quota, 8, clock.now);
  expect(() => quota.spend(1, clock.now)).toThrow(
    expect.objectContaining({
      code: 'rate-limited',
      message: 'this user may make 4 operations per second; come back in 250 ms',
      retryAfterMs: 250,
    }),
  );
  expect(quotas.refused.user).toEqual({ operations: 1, bytes: 0, listens: 0 });
  clock.now += 250;
  quota.spend(1, clock.now);
});

test('a time that was read long ago is not held against anybody', () => {
  const { clock, quotaOf } = quotasOf({ perUser: { operationsPerSecond: 5 } });
  const quota = quotaOf('192.0.2.1', ANN);
  operate(quota, 10, clock.now);
  const longAgo = clock.now;
  clock.now += 1_000;
  expect(operate(quota, 10, longAgo)).toBe(5);
});

test('listens count for whom the session is, and go over with it', () => {
  const { quotas, quotaOf } = quotasOf({ perUser: { listens: 2 } });
  const [one, two] = [quotaOf('192.0.2.1', ANN), quotaOf('192.0.2.1', ANN)];
  one.countListens(1);
  two.countListens(1);
  expect(() => one.assertListen()).toThrow(expect.objectContaining({ code: 'limit-exceeded' }));
  expect(quotas.refused.user.listens).toBe(1);
  two.become(BOB, 'main');
  one.assertListen();
  two.become(ANN, 'main');
  expect(() => one.assertListen()).toThrow('this user may have 2 subscriptions at a time');
  two.end();
  one.assertListen();
});

test('to connect again brings no new budget', () => {
  const { clock, quotaOf } = quotasOf({ perUser: { operationsPerSecond: 5 } });
  const first = quotaOf('192.0.2.1', ANN);
  operate(first, 10, clock.now);
  first.end();
  expect(operate(quotaOf('192.0.2.1', ANN), 10, clock.now)).toBe(0);
});

test('accounts are forgotten once they are unused and whole, or too many', () => {
  const { quotas, clock, quotaOf } = quotasOf({ perUser: { operationsPerSecond: 5 } });
  for (let user = 0; user < 20_000; user += 1) {
    const quota = quotaOf('192.0.2.1', { ...ANN, uid: `u${user}` });
    operate(quota, 1, clock.now);
    quota.end();
  }
  expect(quotas.size).toBeLessThanOrEqual(10_001);
  clock.now += 2_000;
  quotaOf('192.0.2.1', ANN).end();
  expect(quotas.size).toBe(0);
});
