import { expect, it } from 'vitest';
import { LinkSession } from './link-session.js';

it('ends once, with the first reason, for everybody who waits', async () => {
  const session = new LinkSession();
  const never = new Promise<void>(() => {});
  const waiting = [session.during(never), session.pause(60_000)];
  const [first, second] = [new Error('first'), new Error('second')];
  session.lost(first);
  session.lost(second);
  for (const each of waiting) await expect(each).rejects.toBe(first);
  await expect(session.during(never)).rejects.toBe(first);
  expect(await session.over).toBe(first);
  expect([session.isOver, session.signal.aborted, session.signal.reason]).toEqual([true, true, first]);
});

it('lets through what comes in time, also a rejection', async () => {
  const session = new LinkSession();
  expect(await session.during(Promise.resolve(1))).toBe(1);
  await expect(session.during(Promise.reject(new Error('no')))).rejects.toThrow('no');
  await session.pause(1);
  expect(session.isOver).toBe(false);
});

it('hears a link only while it lasts', () => {
  const session = new LinkSession();
  const heard: string[] = [];
  const events = session.events({
    message: (topic) => heard.push(topic),
    missed: () => heard.push('missed'),
    blocked: (isBlocked) => heard.push(`blocked ${isBlocked}`),
  });
  const all = (): void => {
    events.message('topic', new Uint8Array());
    events.missed();
    events.blocked(true);
  };
  all();
  events.lost(new Error('gone'));
  all();
  expect(heard).toEqual(['topic', 'missed', 'blocked true']);
});
