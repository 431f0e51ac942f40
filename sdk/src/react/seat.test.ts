import { expect, it } from 'vitest';
import type { Presence } from '../presence/presence.js';
import { Seat } from './seat.js';

/** A presence that writes down what it is asked, and refuses uids in `refused`. */
function presence(refused: ReadonlySet<string> = new Set()): { log: string[]; seat: Seat; told: (string | null)[] } {
  const log: string[] = [];
  const told: (string | null)[] = [];
  const port: Presence = {
    list: [],
    refused: null,
    onChange: () => () => undefined,
    join: async (uid, meta) => {
      log.push(`join ${uid} ${JSON.stringify(meta)}`);
      if (refused.has(uid)) throw new Error(`${uid} may not`);
    },
    leave: async () => void log.push('leave'),
  };
  return { log, told, seat: new Seat(port, (error) => told.push(error?.message ?? null)) };
}

/** Long enough for what was begun in this turn. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('joins once for a component that goes and comes back, and for two that say the same', async () => {
  const { seat, log } = presence();
  seat.take({ uid: 'bob' })();
  const one = seat.take({ uid: 'bob' });
  const two = seat.take({ uid: 'bob' });
  await settled();
  one();
  await settled();
  expect(log).toEqual(['join bob undefined']);
  two();
  await settled();
  expect(log).toEqual(['join bob undefined', 'leave']);
});

it('says another meta without leaving', async () => {
  const { seat, log } = presence();
  const end = seat.take({ uid: 'bob', meta: 'busy' });
  await settled();
  end();
  seat.take({ uid: 'bob', meta: 'free' });
  await settled();
  expect(log).toEqual(['join bob "busy"', 'join bob "free"']);
});

it('tells a refusal, and tries again when it is asked to settle', async () => {
  const refused = new Set(['eve']);
  const { seat, log, told } = presence(refused);
  seat.take({ uid: 'eve' });
  await settled();
  expect(told).toEqual(['eve may not']);
  refused.clear();
  seat.settle();
  await settled();
  expect(told).toEqual(['eve may not', null]);
  seat.settle();
  await settled();
  expect(log).toHaveLength(2);
});
