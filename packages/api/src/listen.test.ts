import { ADMIN, NOBODY } from '@backside/protocol';
import { createMemoryJournal } from '@backside/store';
import { describe, expect, it } from 'vitest';
import { openAuthorizer } from './authorizer.js';
import { LineEncoder, listen, openDatabase, set, settle, update, write } from './testing/database.js';

describe('a subscription', () => {
  it('begins with the state and goes on with every change at or below its path', async () => {
    const database = await openDatabase();
    await write(database, set('/users/bob', { age: 74 }));
    const { heard } = listen(database, '/users/bob');
    await settle();
    await write(database, set('/users/bob/hairColor', 'gray'));
    await write(database, set('/users/bobby', 1));
    expect(heard.lines).toEqual(['put /users/bob {"age":74}', 'put /users/bob/hairColor "gray"']);
    expect(heard.events.map((event) => [event.revision, event.snapshot])).toEqual([
      [1, true],
      [2, false],
    ]);
  });

  it('never hears a change before its state, even if both happen in one turn', async () => {
    const database = await openDatabase();
    const written = write(database, set('/a', 1));
    const { heard } = listen(database, '/a');
    await written;
    expect(heard.lines).toEqual(['put /a null', 'put /a 1']);
  });

  it('hears of a change above it as its own new value, if that is another', async () => {
    const database = await openDatabase();
    await write(database, set('/a', { b: { c: 1 }, d: 1 }));
    const { heard } = listen(database, '/a/b');
    await settle();
    await write(database, set('/a', { b: { c: 1 }, d: 2 }));
    await write(database, set('/a', { b: { c: 2 } }));
    await write(database, { method: 'remove', path: [] });
    expect(heard.lines).toEqual(['put /a/b {"c":1}', 'put /a/b {"c":2}', 'put /a/b null']);
  });

  it('hears a commit of several changes as one patch below their common path', async () => {
    const database = await openDatabase();
    const root = listen(database, '/');
    const narrow = listen(database, '/a/b/c');
    await settle();
    await write(database, update('/a/b', { c: 1, 'd/e': 2 }));
    expect(root.heard.lines.slice(1)).toEqual(['patch /a/b {"c":1,"d/e":2}']);
    expect(narrow.heard.lines.slice(1)).toEqual(['put /a/b/c 1']);
  });

  it('shares each event and its encoding with all that use the same encoder', async () => {
    const database = await openDatabase();
    const encoder = new LineEncoder();
    const all = Array.from({ length: 5 }, () => listen(database, '/a', { encoder }));
    await settle();
    const calls = encoder.calls;
    await write(database, set('/a', 1));
    expect(encoder.calls).toBe(calls + 1);
    expect(new Set(all.map(({ heard }) => heard.events.at(-1))).size).toBe(1);
    expect(database.stats()).toMatchObject({ views: 1, subscriptions: 5 });
  });

  it('is over after its first event when it is asked for once', async () => {
    const database = await openDatabase();
    const { heard } = listen(database, '/a', { once: true });
    await settle();
    await write(database, set('/a', 1));
    expect(heard.lines).toEqual(['put /a null']);
    expect(database.stats()).toMatchObject({ views: 0, subscriptions: 0 });
  });

  it('hears nothing after its end', async () => {
    const database = await openDatabase();
    const { heard, subscription } = listen(database, '/a');
    subscription.end();
    await write(database, set('/a', 1));
    expect(heard.lines).toEqual([]);
    expect(database.stats().subscriptions).toBe(0);
  });

  it('is refused without the right to read, and when there are too many', async () => {
    const denied = await openDatabase({
      authorizer: { ...openAuthorizer, read: () => ({ allowed: false, trace: 't' }) },
    });
    const options = { path: [], encoder: new LineEncoder(), listener: { event: () => {}, cancelled: () => {} } };
    expect(() => denied.listen(NOBODY, options)).toThrow(
      expect.objectContaining({ code: 'permission-denied', trace: 't' }),
    );
    const full = await openDatabase({ limits: { maxSubscriptions: 1 } });
    full.listen(ADMIN, options);
    expect(() => full.listen(ADMIN, options)).toThrow(expect.objectContaining({ code: 'limit-exceeded' }));
  });

  it('is refused when its state is larger than the limit, and leaves nothing behind', async () => {
    const database = await openDatabase({ limits: { maxSnapshotBytes: 1000 } });
    await write(database, set('/a', Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, i]))));
    expect(() => listen(database, '/a')).toThrow(expect.objectContaining({ code: 'too-large' }));
    expect(database.stats()).toMatchObject({ views: 0, subscriptions: 0 });
  });

  it('carries the headers of the write', async () => {
    const database = await openDatabase();
    const { heard } = listen(database, '/a');
    await database.write({ principal: ADMIN, steps: [set('/a', 1)], headers: [['colour', 'blue']] });
    expect(heard.events.at(-1)!.headers).toEqual([['colour', 'blue']]);
  });

  it('ends alone when its listener fails', async () => {
    const database = await openDatabase();
    const encoder = new LineEncoder();
    let calls = 0;
    const failing = {
      event: () => {
        calls += 1;
        if (calls > 1) throw new Error('broken');
      },
      cancelled: () => {},
    };
    database.listen(ADMIN, { path: ['a'], encoder, listener: failing });
    const { heard } = listen(database, '/a', { encoder });
    await settle();
    await write(database, set('/a', 1));
    await write(database, set('/a', 2));
    expect(heard.lines.at(-1)).toBe('put /a 2');
    expect(calls).toBe(2);
    expect(database.stats().subscriptions).toBe(1);
  });
});

describe('what goes wrong while an event is made', () => {
  it('ends the subscriptions that it concerns, and neither the write nor what others hear or resume from', async () => {
    const database = await openDatabase();
    const broken = { format: 'val' as const, encode: () => fail('no encoding') };
    const cancelled: string[] = [];
    database.listen(ADMIN, {
      path: ['a'],
      resume: `${database.epoch}:0`,
      encoder: broken,
      listener: { event: () => {}, cancelled: (error) => cancelled.push(error.code) },
    });
    const { heard } = listen(database, '/a');
    await settle();
    expect(await write(database, set('/a', 1))).toBe(1);
    expect(await write(database, set('/a', 2))).toBe(2);
    expect(cancelled).toEqual(['internal']);
    expect(heard.lines.slice(1)).toEqual(['put /a 1', 'put /a 2']);
    const resumed = listen(database, '/a', { resume: `${database.epoch}:1` });
    await settle();
    expect(resumed.heard.lines).toEqual(['put /a 2']);
  });

  it('a listener may listen: it hears each event once', async () => {
    const database = await openDatabase();
    const encoder = new LineEncoder();
    let inner: ReturnType<typeof listen> | null = null;
    database.listen(ADMIN, {
      path: ['a'],
      encoder,
      listener: {
        event: (_, event) => {
          if (event.revision > 0) inner ??= listen(database, '/a', { encoder });
        },
        cancelled: () => {},
      },
    });
    await settle();
    await write(database, set('/a', 1));
    await settle();
    expect(inner!.heard.lines).toEqual(['put /a 1']);
  });
});

function fail(message: string): never {
  throw new Error(message);
}

describe('a paused subscription', () => {
  it('gets what it missed as one event with the latest values', async () => {
    const database = await openDatabase();
    const { heard, subscription } = listen(database, '/a');
    await settle();
    subscription.pause();
    for (let i = 0; i < 10; i += 1) await write(database, set('/a/x', i), set('/a/y/z', i));
    await write(database, set('/a/y', 'leaf'));
    subscription.resume();
    expect(heard.lines.slice(1)).toEqual(['patch /a {"x":9,"y":"leaf"}']);
    await write(database, set('/a/x', 10));
    expect(heard.lines.at(-1)).toBe('put /a/x 10');
  });

  it('does not take what came back for what it had', async () => {
    const database = await openDatabase();
    await write(database, set('/a', { x: 0, y: { '.priority': 1, z: 1 }, w: 1 }));
    const { heard, subscription } = listen(database, '/a', { encoder: new LineEncoder('export') });
    await settle();
    subscription.pause();
    await write(database, set('/a/x/deep', 1));
    await write(database, set('/a/x/deep', null));
    await write(database, set('/a/y/z', null));
    await write(database, set('/a/y/other', 2));
    subscription.resume();
    expect(heard.lines.slice(1)).toEqual(['patch /a {"y":{"other":2},"x":null}']);
  });

  it('gets the whole state when it missed more than is remembered', async () => {
    const database = await openDatabase();
    const { heard, subscription } = listen(database, '/a');
    await settle();
    subscription.pause();
    for (let i = 0; i < 1_100; i += 1) await write(database, set(`/a/k${i}`, i));
    subscription.resume();
    expect(heard.lines).toHaveLength(2);
    expect(heard.events.at(-1)).toMatchObject({ snapshot: true, revision: 1_100 });
  });

  it('gets nothing when nothing happened, and its first event only once it goes on', async () => {
    const database = await openDatabase();
    const { heard, subscription } = listen(database, '/a');
    subscription.pause();
    await settle();
    expect(heard.lines).toEqual([]);
    subscription.resume();
    subscription.pause();
    subscription.resume();
    expect(heard.lines).toEqual(['put /a null']);
  });
});

describe('a change of priorities', () => {
  const changes = [
    update('/a', { '.priority': 1, 'x/.priority': 2 }),
    set('/a/x/.priority', 3),
    update('/a', { y: 1, 'x/.priority': 4 }),
    update('/a', { y: 2, z: 1, '.priority': 5 }),
  ];
  const seen = ['patch /a {"y":1}', 'patch /a {"y":2,"z":1}'];
  const both = [
    'patch /a {".priority":1,"x/.priority":2}',
    'put /a/x/.priority 3',
    'patch /a {"y":1,"x/.priority":4}',
    'patch /a {"y":2,"z":1,".priority":5}',
  ];

  it.each([
    ['val', seen],
    ['export', both],
  ] as const)('is told only in the form that shows it (%s)', async (format, lines) => {
    const database = await openDatabase();
    await write(database, set('/a', { x: 0 }));
    const { heard } = listen(database, '/a', { encoder: new LineEncoder(format) });
    await settle();
    for (const change of changes) await write(database, change);
    expect(heard.lines.slice(1)).toEqual(lines);
    const resumed = listen(database, '/a', { encoder: new LineEncoder(format), resume: `${database.epoch}:1` });
    await settle();
    expect(resumed.heard.lines).toEqual(lines);
  });

  it('is nothing that a subscriber who sees none has missed', async () => {
    const database = await openDatabase();
    await write(database, set('/a', { x: 0 }));
    const paused = listen(database, '/a');
    await settle();
    paused.subscription.pause();
    await write(database, update('/a', { '.priority': 1, 'x/.priority': 2 }));
    paused.subscription.resume();
    const confirmed = listen(database, '/a', { resume: `${database.epoch}:1`, confirm: true });
    await settle();
    expect(paused.heard.lines).toEqual(['put /a {"x":0}']);
    expect(confirmed.heard.lines).toEqual(['patch /a {}']);
    expect(confirmed.heard.events[0]).toMatchObject({ revision: database.revision, resumed: true });
  });

  it('in the window of a query is told as it is elsewhere', async () => {
    const database = await openDatabase();
    await write(database, set('/p', { a: { '.value': 1, '.priority': 1 }, b: { '.value': 2, '.priority': 2 } }));
    const { heard } = listen(database, '/p', { query: { orderBy: '$priority', limitToFirst: 1 } });
    await settle();
    await write(database, set('/p/a/.priority', 0));
    await write(database, set('/p/a/.priority', 3));
    expect(heard.lines.slice(1)).toEqual(['patch /p {"a":null,"b":2}']);
  });

  it('cannot be listened to alone', async () => {
    const database = await openDatabase();
    expect(() => listen(database, '/a/.priority')).toThrow(expect.objectContaining({ code: 'invalid-path' }));
  });
});

describe('a query', () => {
  const byAge = { orderBy: 'age', limitToLast: 2 };

  it('is told who entered, whole, and who left', async () => {
    const database = await openDatabase();
    await write(database, set('/p', { a: { age: 1 }, b: { age: 2 }, c: { age: 3 } }));
    const { heard } = listen(database, '/p', { query: byAge });
    await settle();
    await write(database, set('/p/d', { age: 4, name: 'd' }));
    await write(database, set('/p/c/name', 'c'));
    await write(database, set('/p/a/name', 'outside'));
    await write(database, set('/p/d/age', 0));
    expect(heard.lines).toEqual([
      'put /p {"b":{"age":2},"c":{"age":3}}',
      'patch /p {"b":null,"d":{"age":4,"name":"d"}}',
      'put /p/c/name "c"',
      'patch /p {"d":null,"b":{"age":2}}',
    ]);
  });

  it('without a limit lets each child in or out by itself', async () => {
    const database = await openDatabase();
    const { heard } = listen(database, '/p', { query: { orderBy: '$value', startAt: 5 } });
    await settle();
    await write(database, set('/p', { a: 1, b: 5 }));
    await write(database, set('/p/a', 6));
    await write(database, set('/p/b', 2));
    await write(database, set('/p/c', 3));
    expect(heard.lines.slice(1)).toEqual(['put /p {"b":5}', 'patch /p {"a":6}', 'patch /p {"b":null}']);
  });

  it('that only orders is the plain view', async () => {
    const database = await openDatabase();
    listen(database, '/p');
    listen(database, '/p', { query: { orderBy: 'age' } });
    listen(database, '/p', { query: byAge });
    listen(database, '/p', { query: { limitToLast: 2, orderBy: 'age' } });
    expect(database.stats().views).toBe(2);
  });

  it('gets its window anew after a pause', async () => {
    const database = await openDatabase();
    await write(database, set('/p', { a: 1, b: 2 }));
    const { heard, subscription } = listen(database, '/p', { query: { orderBy: '$value', limitToFirst: 1 } });
    await settle();
    subscription.pause();
    await write(database, set('/p/a', 3));
    subscription.resume();
    expect(heard.lines.at(-1)).toBe('put /p {"b":2}');
  });
});

describe('resuming', () => {
  it('brings every change since the resume point, once and in order', async () => {
    const database = await openDatabase();
    for (let i = 1; i <= 5; i += 1) await write(database, set('/a', i), set('/other', i));
    const { heard } = listen(database, '/a', { resume: `${database.epoch}:2` });
    await settle();
    await write(database, set('/a', 6));
    expect(heard.lines).toEqual(['put /a 3', 'put /a 4', 'put /a 5', 'put /a 6']);
    expect(heard.events.map((event) => event.resumed)).toEqual([true, true, true, null]);
  });

  it('misses nothing that happens in any turn while it is read', async () => {
    const database = await openDatabase();
    await write(database, set('/a', 1), set('/b', 1));
    for (let hops = 0; hops < 12; hops += 1) {
      const from = database.revision;
      const written = write(database, set('/a', `x${hops}`)).then(() => write(database, set('/a', `y${hops}`)));
      await settleBy(hops);
      const { heard } = listen(database, '/a', { resume: `${database.epoch}:${from}` });
      await written;
      await settle();
      expect(heard.lines).toEqual([`put /a "x${hops}"`, `put /a "y${hops}"`]);
    }
  });

  it('gives the state to who asks for one look only', async () => {
    const database = await openDatabase();
    await write(database, set('/a', 1));
    const { heard } = listen(database, '/a', { resume: `${database.epoch}:1`, once: true });
    await settle();
    expect(heard.lines).toEqual(['put /a 1']);
  });

  it('reads the journal where memory does not reach back, without missing what happens meanwhile', async () => {
    const database = await openDatabase({ limits: { historyCommits: 10 } });
    for (let i = 1; i <= 100; i += 1) await write(database, set('/a', i));
    const { heard } = listen(database, '/a', { resume: `${database.epoch}:5` });
    const meanwhile = Array.from({ length: 50 }, (_, i) => write(database, set('/a', 101 + i)));
    await Promise.all(meanwhile);
    await settle();
    expect(heard.lines).toEqual(Array.from({ length: 145 }, (_, i) => `put /a ${i + 6}`));
  });

  it.each([
    ['another history', (epoch: string) => `x${epoch}:1`],
    ['a revision that does not exist yet', (epoch: string) => `${epoch}:9`],
  ])('begins anew, and says so, for %s', async (_, resume) => {
    const database = await openDatabase();
    await write(database, set('/a', 1));
    const { heard } = listen(database, '/a', { resume: resume(database.epoch) });
    await settle();
    expect(heard.events).toMatchObject([{ resumed: false, snapshot: true, revision: 1 }]);
  });

  it('begins anew when the journal has dropped what is missing', async () => {
    const database = await openDatabase({
      journal: createMemoryJournal({ keepCommits: 3 }),
      limits: { historyCommits: 3 },
    });
    for (let i = 1; i <= 20; i += 1) await write(database, set('/a', i));
    const { heard } = listen(database, '/a', { resume: `${database.epoch}:1` });
    await settle();
    await settle();
    expect(heard.events).toMatchObject([{ resumed: false, snapshot: true, revision: 20 }]);
  });

  it('gives more octets than memory holds one by one, up to a bound of their own, and beyond it the state', async () => {
    const big = 'x'.repeat(1_000);
    for (const [maxResumeBytes, resumed] of [
      [12_000, Array.from({ length: 9 }, () => true)],
      [8_000, [false]],
    ] as const) {
      const database = await openDatabase({ limits: { historyBytes: 2_500, maxResumeBytes } });
      for (let i = 1; i <= 10; i += 1) await write(database, set('/a', `${i}${big}`));
      const { heard } = listen(database, '/a', { resume: `${database.epoch}:1` });
      await settle();
      await settle();
      expect(heard.events.map((event) => event.resumed)).toEqual(resumed);
    }
  });

  it('from the present begins with nothing', async () => {
    const database = await openDatabase();
    await write(database, set('/a', 1));
    const { heard } = listen(database, '/a', { resume: `${database.epoch}:1` });
    await settle();
    expect(heard.lines).toEqual([]);
    await write(database, set('/a', 2));
    expect(heard.lines).toEqual(['put /a 2']);
  });

  it('refuses what is no resume point', async () => {
    const database = await openDatabase();
    expect(() => listen(database, '/a', { resume: 'nonsense' })).toThrow(
      expect.objectContaining({ code: 'invalid-header' }),
    );
  });
});

async function settleBy(microtasks: number): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  for (let i = 0; i < microtasks; i += 1) await null;
}
