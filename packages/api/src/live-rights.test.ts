import { formatResumePoint, NOBODY } from '@backside/protocol';
import { hashNode } from '@backside/tree';
import { describe, expect, it } from 'vitest';
import type { Database } from './database.js';
import { listen, openDatabase, type Recorder, set, settle, sharedJournal, update, write } from './testing/database.js';
import { LookAuthorizer, type LookRule, user } from './testing/look-authorizer.js';

const ANN = user('ann');
const BOB = user('bob');

async function ruled(rule: LookRule): Promise<{ database: Database; authorizer: LookAuthorizer }> {
  const authorizer = new LookAuthorizer(rule);
  return { database: await openDatabase({ authorizer }), authorizer };
}

function reason({ cancelled }: Recorder): string | undefined {
  return cancelled?.code;
}

const whileOpen: LookRule = (look) => look.at('/open') === true;
const members: LookRule = (look) => look.uid !== null && look.at(`/members/${look.uid}`) === true;

describe('the right to listen', () => {
  it('ends with the data that it rests on, before the commit that took it away is heard', async () => {
    const { database } = await ruled(whileOpen);
    await write(database, set('/open', true));
    const { heard } = listen(database, '/', { as: ANN });
    await settle();
    await write(database, update('/', { open: false, secret: 1 }));
    await write(database, set('/secret', 2));
    expect(heard.lines).toEqual(['put / {"open":true}']);
    expect(heard.cancelled).toMatchObject({ code: 'permission-denied', trace: expect.stringMatching(/^trace-/) });
    expect(database.stats()).toMatchObject({ subscriptions: 0, views: 0, rightsGroups: 0 });
  });

  it('ends when what it rests on changes from above or from below', async () => {
    for (const change of [set('/room', { lock: 'shut' }), set('/room/lock/state/deeper', 1)]) {
      const { database } = await ruled((look) => look.at('/room/lock/state') === 'open');
      await write(database, set('/room/lock/state', 'open'));
      const { heard } = listen(database, '/data', { as: ANN });
      await settle();
      await write(database, change);
      expect(reason(heard)).toBe('permission-denied');
    }
  });

  it('ends for exactly those who lose it', async () => {
    const { database } = await ruled(members);
    await write(database, set('/members', { ann: true, bob: true }));
    const ann = listen(database, '/a', { as: ANN });
    const bob = listen(database, '/a', { as: BOB });
    await settle();
    await write(database, set('/members/ann', null));
    await write(database, set('/a', 1));
    expect([reason(ann.heard), reason(bob.heard)]).toEqual(['permission-denied', undefined]);
    expect([ann.heard.lines, bob.heard.lines]).toEqual([['put /a null'], ['put /a null', 'put /a 1']]);
  });

  it('is decided once for all whom the rule does not tell apart, and not again by commits it does not rest on', async () => {
    const { database, authorizer } = await ruled(whileOpen);
    await write(database, set('/open', true));
    const listens = Array.from({ length: 1000 }, (_, i) => listen(database, '/a', { as: user(`u${i}`) }));
    await settle();
    expect(authorizer.decisions).toBe(1);
    expect(database.stats()).toMatchObject({ subscriptions: 1000, rightsGroups: 1 });
    await write(database, set('/a', 1));
    expect(authorizer.decisions).toBe(1);
    await write(database, set('/open', 'no'));
    expect(authorizer.decisions).toBe(2);
    expect(listens.every(({ heard }) => reason(heard) === 'permission-denied')).toBe(true);
  });

  it('is decided once for equal principals, and apart for principals with other claims', async () => {
    const { database, authorizer } = await ruled(members);
    await write(database, set('/members/ann', true));
    for (const as of [user('ann'), user('ann'), user('ann', { role: 'x' })]) listen(database, '/a', { as });
    expect(authorizer.decisions).toBe(2);
    expect(database.stats().rightsGroups).toBe(2);
  });

  it('is decided apart for queries that a rule can tell apart, although they show the same', async () => {
    const { database } = await ruled(whileOpen);
    await write(database, set('/open', true));
    listen(database, '/a', { as: ANN });
    listen(database, '/a', { as: ANN, query: { orderBy: 'age' } });
    expect(database.stats()).toMatchObject({ views: 1, rightsGroups: 2 });
  });

  it('is decided for each alone once the rule begins to look at the user', async () => {
    const { database } = await ruled((look) => look.at('/open') === true || members(look));
    await write(database, update('/', { open: true, 'members/ann': true }));
    const ann = listen(database, '/a', { as: ANN });
    const bob = listen(database, '/a', { as: BOB });
    const nobody = listen(database, '/a', { as: NOBODY });
    await settle();
    expect(database.stats().rightsGroups).toBe(1);
    await write(database, set('/open', false));
    expect([ann, bob, nobody].map(({ heard }) => reason(heard))).toEqual([
      undefined,
      'permission-denied',
      'permission-denied',
    ]);
    await write(database, set('/members/ann', false));
    expect(reason(ann.heard)).toBe('permission-denied');
  });

  it('costs nothing while nothing can take it away', async () => {
    const { database, authorizer } = await ruled((look) => look.path === 'public' || look.uid === look.path);
    listen(database, '/public', { as: ANN });
    listen(database, '/ann', { as: ANN });
    expect(database.stats().rightsGroups).toBe(0);
    await settle();
    await write(database, set('/public', 1));
    expect(authorizer.decisions).toBe(2);
  });

  it('follows what the rule looks at when that changes', async () => {
    const { database } = await ruled((look) => look.at(`/gates/${look.at('/gate') ?? 'none'}`) === true);
    await write(database, update('/', { gate: 'a', 'gates/a': true, 'gates/b': true }));
    const { heard } = listen(database, '/x', { as: ANN });
    await settle();
    await write(database, set('/gate', 'b'));
    await write(database, set('/gates/a', false));
    expect(reason(heard)).toBeUndefined();
    await write(database, set('/gates/b', false));
    expect(reason(heard)).toBe('permission-denied');
  });

  it('ends, for want of a decision, when deciding fails', async () => {
    const { database } = await ruled((look) => {
      if (look.at('/broken') === true) throw new Error('broken');
      return true;
    });
    const { heard } = listen(database, '/a', { as: ANN });
    const admin = listen(database, '/a');
    await settle();
    await write(database, update('/', { broken: true, a: 1 }));
    expect(reason(heard)).toBe('internal');
    expect(admin.heard.lines).toEqual(['put /a null', 'put /a 1']);
  });

  it('that ends in the middle of a pause tells nothing of what was missed', async () => {
    const { database } = await ruled(whileOpen);
    await write(database, set('/open', true));
    const { heard, subscription } = listen(database, '/a', { as: ANN });
    await settle();
    subscription.pause();
    await write(database, set('/a', 'secret'));
    await write(database, set('/open', false));
    subscription.resume();
    expect(heard.lines).toEqual(['put /a null']);
    expect(reason(heard)).toBe('permission-denied');
  });
});

describe('a right that rests on the time', () => {
  const until: LookRule = (look) => look.now < Number(look.at('/until') ?? 0);

  async function timed(): Promise<{ database: Database; clock: { now: number } }> {
    const clock = { now: 1_000 };
    const database = await openDatabase({ authorizer: new LookAuthorizer(until), now: () => clock.now });
    await write(database, set('/until', 2_000));
    return { database, clock };
  }

  it('is decided again before each event', async () => {
    const { database, clock } = await timed();
    const { heard } = listen(database, '/a', { as: ANN });
    await settle();
    await write(database, set('/a', 1));
    clock.now = 2_000;
    await write(database, set('/a', 2));
    expect(heard.lines).toEqual(['put /a null', 'put /a 1']);
    expect(reason(heard)).toBe('permission-denied');
    expect(database.stats().rightsGroups).toBe(0);
  });

  it('is decided again before what was missed in a pause', async () => {
    const { database, clock } = await timed();
    const { heard, subscription } = listen(database, '/a', { as: ANN });
    await settle();
    subscription.pause();
    await write(database, set('/a', 1));
    clock.now = 2_000;
    subscription.resume();
    expect(heard.lines).toEqual(['put /a null']);
    expect(reason(heard)).toBe('permission-denied');
  });

  it('is decided again for a newcomer', async () => {
    const { database, clock } = await timed();
    listen(database, '/a', { as: ANN });
    clock.now = 2_000;
    expect(() => listen(database, '/a', { as: BOB })).toThrow(expect.objectContaining({ code: 'permission-denied' }));
  });
});

describe('new rules', () => {
  it('end at once the listens that they refuse, and no other', async () => {
    const { database, authorizer } = await ruled(() => true);
    const ann = listen(database, '/a', { as: ANN });
    const bob = listen(database, '/a', { as: BOB });
    const admin = listen(database, '/a');
    await settle();
    authorizer.replace((look) => look.uid === 'bob');
    expect([ann, bob, admin].map(({ heard }) => reason(heard))).toEqual(['permission-denied', undefined, undefined]);
  });

  it('take the place of what the old ones rested on', async () => {
    const { database, authorizer } = await ruled(whileOpen);
    await write(database, update('/', { open: true, members: { ann: true } }));
    const { heard } = listen(database, '/a', { as: ANN });
    await settle();
    authorizer.replace(members);
    await write(database, set('/open', false));
    expect(reason(heard)).toBeUndefined();
    await write(database, set('/members/ann', false));
    expect(reason(heard)).toBe('permission-denied');
  });

  it('are asked once per path for all whom they do not tell apart', async () => {
    const { database, authorizer } = await ruled(() => true);
    for (let i = 0; i < 100; i += 1) listen(database, '/a', { as: user(`u${i}`) });
    const before = authorizer.decisions;
    authorizer.replace(() => false);
    expect(authorizer.decisions).toBe(before + 1);
    expect(database.stats().subscriptions).toBe(0);
  });

  it('no longer concern a database that is closed', async () => {
    const { database, authorizer } = await ruled(() => true);
    const { heard } = listen(database, '/a', { as: ANN });
    await database.close();
    authorizer.replace(() => false);
    expect(heard.cancelled).toBeNull();
  });
});

describe('a subscriber that comes back', () => {
  /** What a listener is told that was away since `revision`. */
  async function comeBack(database: Database, revision: number): Promise<Recorder> {
    const resume = formatResumePoint({ epoch: database.epoch, revision });
    const { heard } = listen(database, '/a', { as: ANN, resume });
    await settle();
    return heard;
  }

  it('gets what it missed if its right has not changed meanwhile', async () => {
    const { database } = await ruled(whileOpen);
    const revision = await write(database, set('/open', true));
    await write(database, set('/a', 1));
    expect((await comeBack(database, revision)).lines).toEqual(['put /a 1']);
  });

  it('is not told what happened while it had no right', async () => {
    const { database } = await ruled(whileOpen);
    const revision = await write(database, set('/open', true));
    await write(database, set('/open', false));
    await write(database, set('/a', 'secret'));
    await write(database, update('/', { a: 'public', open: true }));
    const heard = await comeBack(database, revision);
    expect(heard.lines).toEqual(['put /a "public"']);
    expect(heard.events[0]).toMatchObject({ snapshot: true, resumed: false });
  });

  it('is not told what only the journal remembers of that time', async () => {
    const authorizer = new LookAuthorizer(whileOpen);
    const database = await openDatabase({ authorizer, limits: { historyCommits: 1 } });
    const revision = await write(database, set('/open', true));
    await write(database, set('/a', 1));
    await write(database, set('/x', 1));
    expect((await comeBack(database, revision)).lines).toEqual(['put /a 1']);
    await write(database, set('/open', false));
    await write(database, set('/a', 'secret'));
    await write(database, update('/', { a: 'public', open: true }));
    await write(database, set('/x', 2));
    expect((await comeBack(database, revision)).lines).toEqual(['put /a "public"']);
  });

  it('gets the state if other rules were in force when it left, or the right rests on the time', async () => {
    const { database, authorizer } = await ruled(() => true);
    const revision = await write(database, set('/x', 1));
    await write(database, set('/a', 1));
    await write(database, set('/a', 2));
    authorizer.replace((look) => look.uid === 'ann');
    expect((await comeBack(database, revision)).lines).toEqual(['put /a 2']);
    const later = await write(database, set('/a', 3));
    expect((await comeBack(database, later - 1)).lines).toEqual(['put /a 3']);
    authorizer.replace((look) => look.now > 0);
    await write(database, set('/a', 4));
    expect((await comeBack(database, later)).events[0]).toMatchObject({ snapshot: true });
  });

  it('gets the state if the rules change while it waits', async () => {
    const authorizer = new LookAuthorizer(() => true);
    const database = await openDatabase({ journal: sharedJournal(), authorizer });
    const revision = await write(database, set('/x', 1));
    await write(database, set('/a', 1));
    await write(database, set('/a', 2));
    const coming = comeBack(database, revision);
    authorizer.replace((look) => look.uid === 'ann');
    expect((await coming).lines).toEqual(['put /a 2']);
  });

  it('is refused if the right is lost while it waits', async () => {
    const journal = sharedJournal();
    const authorizer = new LookAuthorizer(whileOpen);
    const database = await openDatabase({ journal, authorizer });
    await write(database, set('/open', true));
    const { heard } = listen(database, '/a', { as: ANN });
    authorizer.replace(() => false);
    await settle();
    expect(heard.lines).toEqual([]);
    expect(reason(heard)).toBe('permission-denied');
  });
});

it('a precondition on data that the writer may not read is refused, whether it holds or not', async () => {
  const { database } = await ruled((look) => look.path !== 'secret');
  await write(database, set('/secret', true));
  const guess = (hash: string): Promise<unknown> =>
    database.write({ principal: ANN, steps: [set('/a', 1)], preconditions: [{ path: ['secret'], hash }] });
  await expect(guess('')).rejects.toMatchObject({ code: 'permission-denied' });
  await expect(guess(hashNode(true))).rejects.toMatchObject({ code: 'permission-denied' });
});
