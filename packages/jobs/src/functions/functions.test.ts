import { NOBODY } from '@backside/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FunctionsFixture } from './testing/functions-fixture.js';

/** Notes what happened below `/log`, by kind and revision. */
const LOGGING = `
const log = (kind) => (event, { database }) =>
  database.set('/log/' + kind + '-' + event.revision, { path: event.path, before: event.before, after: event.after });
export const write = onWrite('/orders/{id}', log('write'));
export const create = onCreate('/orders/{id}', log('create'));
export const update = onUpdate('/orders/{id}', log('update'));
export const remove = onDelete('/orders/{id}', log('delete'));
`;

describe('functions', () => {
  let fixture: FunctionsFixture;
  beforeEach(async () => {
    fixture = await FunctionsFixture.create();
  });
  afterEach(() => fixture.close());

  /** What was noted, without revisions, in the order of the commits. */
  const logged = (): unknown[] => {
    const log = Object.entries(Object(fixture.value('/log')) as Record<string, object>);
    const place = (key: string): number => Number(key.split('-')[1]);
    const sorted = log.sort(([a], [b]) => place(a) - place(b) || (a < b ? -1 : 1));
    return sorted.map(([key, event]) => ({ kind: key.split('-')[0], ...event }));
  };

  it('run for the node that was created, with what it is and who made it', async () => {
    await fixture.file(
      'orders.js',
      `export const seen = onCreate('/orders/{id}', async (event, { database }) => {
        const { path, after, auth, depth, attempt } = event;
        await database.set('/seen/' + event.params.id, { path, after, auth, depth, attempt });
      });`,
    );
    await fixture.start();
    await fixture.write('/orders/a', { total: 3 }, { kind: 'user', uid: 'bob', provider: 'password', claims: {} });
    const seen = { path: '/orders/a', after: { total: 3 }, auth: { uid: 'bob' }, depth: 0, attempt: 1 };
    expect(await fixture.until('/seen/a')).toEqual(seen);
  });

  it('get the whole node before and after, wherever the write was', async () => {
    await fixture.file('orders.js', LOGGING);
    await fixture.write('/orders', { old: { total: 1 } });
    await fixture.start();
    await fixture.write('/orders/a/total', 3);
    await fixture.write('/orders/a/items/x', true);
    await fixture.write('/orders', { old: 'leaf', a: { total: 3, items: { x: true } } });
    await fixture.write('/orders/old/child', 2);
    await fixture.write('/', { other: 1 });
    await fixture.quiet();
    const a = { total: 3, items: { x: true } };
    const event = (kind: string, path: string, change: object): object => ({
      kind,
      path: `/orders/${path}`,
      ...change,
    });
    expect(logged()).toEqual([
      event('create', 'a', { after: { total: 3 } }),
      event('write', 'a', { after: { total: 3 } }),
      event('update', 'a', { before: { total: 3 }, after: a }),
      event('write', 'a', { before: { total: 3 }, after: a }),
      event('update', 'old', { before: { total: 1 }, after: 'leaf' }),
      event('write', 'old', { before: { total: 1 }, after: 'leaf' }),
      event('update', 'old', { before: 'leaf', after: { child: 2 } }),
      event('write', 'old', { before: 'leaf', after: { child: 2 } }),
      // Both are gone in one commit, and the log keeps the last of each kind.
      event('delete', 'old', { before: { child: 2 } }),
      event('write', 'old', { before: { child: 2 } }),
    ]);
  });

  it('do not run for what was there before, nor for a write that changes nothing', async () => {
    await fixture.file('orders.js', LOGGING);
    await fixture.write('/orders/a', 1);
    await fixture.start();
    await fixture.write('/orders/a', 1);
    await fixture.write('/elsewhere/a', 1);
    await fixture.write('/orders/b', 1);
    await fixture.quiet();
    expect(logged().map((event) => (event as { path: string }).path)).toEqual(['/orders/b', '/orders/b']);
  });

  it('write once however often they are tried, with the values of the first time', async () => {
    await fixture.file(
      'orders.js',
      `export const count = onCreate('/orders/{id}', async (event, { database }) => {
        await database.set('/count', { '.sv': { increment: 1 } });
        const { pushed } = await database.push('/list', event.attempt);
        await database.set('/tries/' + event.attempt, pushed[0]);
        if (event.attempt < 3) throw new Error('not yet');
      });`,
    );
    const functions = await fixture.start();
    await fixture.write('/orders/a', 1);
    await fixture.until('/list');
    await fixture.quiet();
    expect(fixture.value('/count')).toBe(1);
    expect(Object.values(fixture.value('/list') as object)).toEqual([1]);
    expect(functions.status()[0]).toMatchObject({ name: 'orders:count', succeeded: 1, failed: 2, dead: 0, waiting: 0 });
  });

  it('put an event that fails too often aside, from where it can be revived', async () => {
    await fixture.file(
      'orders.js',
      `export const pay = onCreate('/orders/{id}', { attempts: 2 }, async (event, { database }) => {
        if (event.params.id === 'bad' && (await database.get('/fixed')) === null) throw new Error('no such card');
        await database.set('/paid/' + event.params.id, event.attempt);
      });`,
    );
    const functions = await fixture.start();
    await fixture.write('/orders', { bad: 1, good: 1 });
    await fixture.quiet();
    expect(fixture.value('/paid')).toEqual({ good: 1 });
    const [letter] = functions.deadLetters();
    expect(letter).toMatchObject({ function: 'orders:pay', attempts: 2, event: { path: '/orders/bad', after: 1 } });
    expect(letter?.reason).toContain('no such card');
    await fixture.write('/fixed', true);
    await functions.revive(letter!);
    expect(await fixture.until('/paid/bad')).toBe(1);
    await fixture.quiet();
    expect(functions.deadLetters()).toEqual([]);
    await expect(functions.revive(letter!)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('that are revived do not write again what they wrote before, though the database has forgotten it', async () => {
    await fixture.close();
    fixture = await FunctionsFixture.create({ idempotencyKeys: 1 });
    await fixture.file(
      'orders.js',
      `export const pay = onCreate('/orders/{id}', { attempts: 1 }, async (event, { database }) => {
        await database.set('/paid', { '.sv': { increment: 1 } });
        if ((await database.get('/fixed')) === null) throw new Error('after the fact');
        await database.set('/sent', true);
      });`,
    );
    const functions = await fixture.start();
    await fixture.write('/orders/a', 1);
    await fixture.quiet();
    const [letter] = functions.deadLetters();
    for (const idempotencyKey of ['x', 'y'])
      await fixture.database.write({ principal: NOBODY, steps: [{ method: 'remove', path: ['z'] }], idempotencyKey });
    await fixture.write('/fixed', true);
    await functions.revive(letter!);
    await fixture.until('/sent');
    expect(fixture.value('/paid')).toBe(1);
  });

  it('keep the newest dead letters only, however they came to be', async () => {
    await fixture.file(
      'orders.js',
      `export const bad = onWrite('/orders/{id}', { attempts: 1 }, () => { throw new Error('as it must'); });`,
    );
    const functions = await fixture.start({ limits: { maxDeadLetters: 3, maxValueBytes: 100 } });
    const places = (): unknown[] => functions.deadLetters().map(({ event }) => (event as { path: string }).path);
    const settle = async (): Promise<void> => {
      await fixture.quiet();
      await expect.poll(() => places().length, { timeout: 20_000 }).toBe(3);
    };
    for (let n = 0; n < 20; n++) await fixture.write(`/orders/n${n}`, 1);
    await settle();
    expect(places().sort()).toEqual(['/orders/n17', '/orders/n18', '/orders/n19']);
    for (const letter of functions.deadLetters()) await functions.revive(letter);
    await settle();
    for (let n = 0; n < 20; n++) await fixture.write(`/orders/large${n}`, 'x'.repeat(200));
    const reasons = (): unknown[] => functions.deadLetters().map(({ reason }) => reason);
    await expect.poll(() => new Set(reasons()), { timeout: 20_000 }).toEqual(new Set(['the node is too large']));
    await settle();
    await expect(functions.revive(functions.deadLetters()[0]!)).rejects.toMatchObject({ code: 'precondition-failed' });
  });

  it('go past an event that waits for its next try, or keep the order, as they ask', async () => {
    const body = `async (event, { database }) => {
        if (event.params.id === 'a' && event.attempt === 1) throw new Error('not yet');
        await database.push('/ORDER', event.params.id);
      }`;
    const options = { backoffMs: 300 };
    await fixture.file(
      'orders.js',
      `export const kept = onCreate('/orders/{id}', ${JSON.stringify({ ...options, order: 'kept' })}, ${body.replace('ORDER', 'kept')});
       export const skip = onCreate('/orders/{id}', ${JSON.stringify(options)}, ${body.replace('ORDER', 'skip')});`,
    );
    await fixture.start();
    for (const id of ['a', 'b', 'c']) await fixture.write(`/orders/${id}`, 1);
    const done = (value: unknown): boolean => Object.keys(Object(value)).length === 3;
    expect(Object.values((await fixture.until('/kept', done)) as object)).toEqual(['a', 'b', 'c']);
    expect(Object.values((await fixture.until('/skip', done)) as object).at(-1)).toBe('a');
  });

  it('that lead to themselves are ended, and the last event is put aside', async () => {
    await fixture.file(
      'loop.js',
      `export const loop = onWrite('/n', (event, { database }) => database.set('/n', event.after + 1));`,
    );
    const functions = await fixture.start();
    await fixture.write('/n', 0);
    await fixture.until('/n', (value) => value === 16);
    await fixture.quiet();
    expect(fixture.value('/n')).toBe(16);
    expect(functions.deadLetters()).toMatchObject([{ attempts: 1, event: { depth: 16 } }]);
  });

  it('take nobody else’s word for how deep they are', async () => {
    await fixture.file(
      'loop.js',
      `export const copy = onCreate('/from/{id}', (event, { database }) => database.set('/to', event.depth));`,
    );
    await fixture.start();
    await fixture.database.write({
      principal: NOBODY,
      steps: [{ method: 'set', path: ['from', 'a'], value: 1 }],
      headers: [['function-depth', '16']],
    });
    expect(await fixture.until('/to')).toBe(0);
  });

  it('fail if a write that they did not wait for is refused', async () => {
    await fixture.file(
      'careless.js',
      `export const careless = onCreate('/orders/{id}', { attempts: 1 }, (event, { database }) => {
        database.set('/bad.path', 1);
      });`,
    );
    const functions = await fixture.start();
    await fixture.write('/orders/a', 1);
    await fixture.quiet();
    expect(functions.deadLetters()[0]?.reason).toContain('character "." in a key');
  });

  it('get no values of a node that is too large, and a dead letter says so', async () => {
    await fixture.file('orders.js', LOGGING);
    const functions = await fixture.start({ limits: { maxValueBytes: 100 } });
    await fixture.write('/orders/a', 'x'.repeat(200));
    await fixture.write('/orders/a/b', 1);
    await fixture.write('/orders/a', 1);
    await fixture.write('/orders/a', 2);
    await fixture.quiet();
    expect(new Set(functions.deadLetters().map(({ reason }) => reason))).toEqual(new Set(['the node is too large']));
    expect(logged()).toEqual([
      { kind: 'update', path: '/orders/a', before: 1, after: 2 },
      { kind: 'write', path: '/orders/a', before: 1, after: 2 },
    ]);
  });
});
