import { createMemoryHub } from '@backside/notifier';
import { ADMIN, BacksideError, type Commit, NOBODY } from '@backside/protocol';
import { createMemoryJournal, createMemoryReplica, type Journal } from '@backside/store';
import { hashNode, nodeFromJson, parsePath } from '@backside/tree';
import { describe, expect, it } from 'vitest';
import { ALLOWED, type Authorizer } from './authorizer.js';
import { WriteSeries } from './operation.js';
import { listen, openDatabase, set, settle, sharedJournal, update, valueAt, write } from './testing/database.js';

const refused = (code: string) => expect.objectContaining({ code });

describe('a write', () => {
  it('sets, updates, pushes and removes, each with the next revision', async () => {
    const database = await openDatabase();
    expect(await write(database, set('/a', { b: 1, c: 2 }))).toBe(1);
    expect(await write(database, update('/a', { c: 3, 'd/e': 4 }))).toBe(2);
    const pushed = await database.write({ principal: ADMIN, steps: [{ method: 'push', path: ['list'], value: 'x' }] });
    expect(pushed.revision).toBe(3);
    expect(valueAt(database, '/list')).toEqual({ [pushed.pushed[0]![1]!]: 'x' });
    expect(await write(database, { method: 'remove', path: ['list'] })).toBe(4);
    expect(valueAt(database, '/')).toEqual({ a: { b: 1, c: 3, d: { e: 4 } } });
  });

  it('resolves server values against the state left by the write before it', async () => {
    const database = await openDatabase();
    const increment = () => write(database, set('/n', { '.sv': { increment: 2 } }));
    await Promise.all([increment(), increment(), increment()]);
    await write(database, set('/t', { '.sv': 'timestamp' }));
    expect(valueAt(database, '/')).toEqual({ n: 6, t: 1_700_000_000_000 });
  });

  it('applies several steps as one commit, each seeing the one before it', async () => {
    const database = await openDatabase();
    const revision = await write(
      database,
      set('/a', { x: 1 }),
      set('/a/x', { '.sv': { increment: 1 } }),
      set('/b', true),
    );
    expect(revision).toBe(1);
    expect(valueAt(database, '/')).toEqual({ a: { x: 2 }, b: true });
  });

  it('changes nothing when one of its steps is refused', async () => {
    const database = await openDatabase();
    await expect(write(database, set('/a', 1), set('/b', { 'bad.key': 1 }))).rejects.toEqual(refused('invalid-data'));
    expect(valueAt(database, '/')).toBeNull();
    expect(database.revision).toBe(0);
    expect(database.stats().refused.get('invalid-data')).toBe(1);
  });

  it('is refused when its commit would be larger than the limit', async () => {
    const database = await openDatabase();
    await expect(write(database, set('/a', { x: 'y'.repeat(9e6), z: 'y'.repeat(9e6) }))).rejects.toEqual(
      refused('too-large'),
    );
    expect(await write(database, set('/a', 1))).toBe(1);
  });

  it('is refused before it is put together when its steps are too large, though each could be', async () => {
    const database = await openDatabase();
    const value = 'y'.repeat(9e6);
    const steps = Array.from({ length: 70 }, (_, i) => set(`/a/${i}`, value));
    await expect(write(database, ...steps)).rejects.toEqual(refused('too-large'));
    expect(database.revision).toBe(0);
  });

  it('is refused when the authorizer denies it, and what follows in the batch is computed without it', async () => {
    const onlyEven: Authorizer = {
      read: () => ALLOWED,
      write: ({ after }) => (Number(after.glance(['n'])) % 2 === 0 ? ALLOWED : { allowed: false, trace: 't-1' }),
    };
    const database = await openDatabase({ authorizer: onlyEven });
    const add = (n: number) =>
      database
        .write({ principal: NOBODY, steps: [set('/n', { '.sv': { increment: n } })] })
        .catch((error: BacksideError) => error);
    const [first, second, third] = await Promise.all([add(2), add(1), add(4)]);
    expect(first).toMatchObject({ revision: 1 });
    expect(second).toMatchObject({ code: 'permission-denied', trace: 't-1' });
    expect(third).toMatchObject({ revision: 2 });
    expect(valueAt(database, '/n')).toBe(6);
  });

  it('is not made once an earlier write of its series was refused', async () => {
    const database = await openDatabase();
    const series = new WriteSeries();
    const attempt = (value: unknown) => database.write({ principal: ADMIN, steps: [set('/a', value)], series });
    const results = await Promise.allSettled([
      attempt(1),
      attempt({ 'b.c': 1 }),
      attempt(2),
      write(database, set('/b', 1)),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(valueAt(database, '/')).toEqual({ a: 1, b: 1 });
  });

  it('is answered at level applied before the journal has it on disk, but seen by nobody', async () => {
    const journal = new HeldJournal();
    const database = await openDatabase({ journal });
    const result = await database.write({ principal: ADMIN, steps: [set('/a', 1)], ackLevel: 'applied' });
    expect(result.revision).toBe(1);
    expect(database.revision).toBe(0);
    journal.release();
    await settle();
    expect(valueAt(database, '/a')).toBe(1);
  });

  it.each([
    ['reads show it', (journal: HeldJournal) => journal.release(), 1],
    ['it is lost', (journal: HeldJournal) => journal.fail(), null],
  ])('at level applied tells when its fate is sealed: %s', async (_fate, decide, value) => {
    for (const idempotencyKey of ['k', undefined]) {
      const journal = new HeldJournal();
      const database = await openDatabase({ journal });
      const found: unknown[] = [];
      await database.write({
        principal: ADMIN,
        steps: [set('/a', 1)],
        ackLevel: 'applied',
        sealed: () => found.push(valueAt(database, '/a')),
        ...(idempotencyKey !== undefined && { idempotencyKey }),
      });
      expect(found).toEqual([]);
      decide(journal);
      await settle();
      expect(found).toEqual([value]);
    }
  });

  it.each([
    ['by its level', { steps: [set('/a', 1)], ackLevel: 'replicated' }],
    ['by its precondition', { steps: [set('/a', 1)], preconditions: [{ path: ['a'], hash: 'no' }] }],
    ['with an idempotency key', { steps: [set('/a', { 'b.c': 1 })], idempotencyKey: 'k' }],
  ] as const)('that is refused %s is sealed once', async (_why, operation) => {
    const database = await openDatabase();
    let seals = 0;
    await expect(database.write({ principal: ADMIN, ...operation, sealed: () => seals++ })).rejects.toThrow();
    expect(seals).toBe(1);
  });

  it('waits for replication only where the journal can tell', async () => {
    const database = await openDatabase();
    const operation = { principal: ADMIN, steps: [set('/a', 1)], ackLevel: 'replicated' as const };
    await expect(database.write(operation)).rejects.toEqual(refused('invalid-header'));
  });

  it('is answered as unavailable when the journal fails, and the database goes on when it works again', async () => {
    const journal = new HeldJournal();
    const database = await openDatabase({ journal });
    const lost = write(database, set('/a', 1));
    await settle();
    journal.fail();
    await expect(lost).rejects.toEqual(refused('unavailable'));
    expect(database.stats().degraded).toBe(true);
    const next = write(database, set('/b', 2));
    await settle();
    journal.release();
    expect(await next).toBe(1);
    expect(database.stats().degraded).toBe(false);
    expect(valueAt(database, '/')).toEqual({ b: 2 });
  });

  it('is refused while more waits in memory for the disk than should', async () => {
    const replica = createMemoryReplica();
    const database = await openDatabase({ replica });
    Object.defineProperty(replica, 'isOverfull', { value: true, configurable: true });
    await expect(write(database, set('/a', 1))).rejects.toEqual(refused('unavailable'));
    expect(database.stats().degraded).toBe(true);
    Object.defineProperty(replica, 'isOverfull', { value: false });
    expect(await write(database, set('/a', 1))).toBe(1);
  });

  it('keeps what stood there before when it is told to', async () => {
    const journal = createMemoryJournal({ keepCommits: 10 });
    const database = await openDatabase({ journal, recordPrior: true });
    await write(database, set('/a', { b: 1 }));
    await write(database, set('/a/b', 2), set('/c', 3));
    const commits: Commit[] = [];
    for await (const batch of journal.commits(0)) commits.push(...batch);
    expect(commits[1]!.prior).toEqual([1, null]);
  });
});

describe('a precondition', () => {
  it('with a hash holds as long as the data is the same', async () => {
    const database = await openDatabase();
    await write(database, set('/a', { b: 1 }));
    const conditional = (hash: string) =>
      database.write({ principal: ADMIN, steps: [set('/a/b', 2)], preconditions: [{ path: ['a'], hash }] });
    await expect(conditional('other')).rejects.toEqual(refused('precondition-failed'));
    const hash = hashNode(nodeFromJson({ b: 1 }));
    expect((await conditional(hash)).revision).toBe(2);
    await expect(conditional(hash)).rejects.toEqual(refused('precondition-failed'));
  });

  it('with a revision holds until something at, above or below the path changes', async () => {
    const database = await openDatabase();
    await write(database, set('/a/b', 1));
    const conditional = (revision: number) =>
      database.write({ principal: ADMIN, steps: [set('/a/c', true)], preconditions: [{ path: ['a', 'b'], revision }] });
    await write(database, set('/a/x', 1));
    expect((await conditional(1)).revision).toBe(3);
    await write(database, set('/a', { b: 1 }));
    await expect(conditional(3)).rejects.toEqual(refused('precondition-failed'));
    expect((await conditional(4)).revision).toBe(5);
  });

  it('with a revision that does not exist yet fails', async () => {
    const database = await openDatabase();
    await write(database, set('/a', 1));
    const conditional = { principal: ADMIN, steps: [set('/a', 2)], preconditions: [{ path: ['a'], revision: 999 }] };
    await expect(database.write(conditional)).rejects.toEqual(refused('precondition-failed'));
  });

  it('with a revision sees writes that are still under way', async () => {
    const journal = new HeldJournal();
    const database = await openDatabase({ journal });
    const first = write(database, set('/a', 1));
    await settle();
    const second = database.write({
      principal: ADMIN,
      steps: [set('/a', 2)],
      preconditions: [{ path: ['a'], revision: 0 }],
    });
    const verdict = expect(second).rejects.toEqual(refused('precondition-failed'));
    await settle();
    journal.release();
    await first;
    await verdict;
  });
});

describe('an idempotency key', () => {
  const operation = (value: number) => ({
    principal: ADMIN,
    steps: [set('/n', { '.sv': { increment: value } })],
    idempotencyKey: 'k',
  });

  it('makes a repeated write happen once, also while the first is under way', async () => {
    const database = await openDatabase();
    const results = await Promise.all([database.write(operation(1)), database.write(operation(1))]);
    expect(results.map((result) => result.revision)).toEqual([1, 1]);
    expect(await database.write(operation(1))).toEqual(results[0]);
    expect(valueAt(database, '/n')).toBe(1);
  });

  it('is answered as durable only when it is, whatever an earlier write with the key was content with', async () => {
    const journal = new HeldJournal();
    const database = await openDatabase({ journal });
    await database.write({ ...operation(1), ackLevel: 'applied' });
    const again = database.write(operation(1));
    await settle();
    journal.fail();
    await settle();
    await settle();
    journal.release();
    expect((await again).revision).toBe(1);
    expect(valueAt(database, '/n')).toBe(1);
    expect(await journal.head()).toBe(1);
  });

  it('is refused for another write', async () => {
    const database = await openDatabase();
    await database.write(operation(1));
    await expect(database.write(operation(2))).rejects.toEqual(refused('idempotency-conflict'));
  });

  it('still holds after a restart', async () => {
    const journal = createMemoryJournal({ keepCommits: 100 });
    const replica = createMemoryReplica();
    const before = await openDatabase({ journal, replica });
    await before.write(operation(1));
    await before.close();
    const after = await openDatabase({ journal, replica });
    expect((await after.write(operation(1))).revision).toBe(1);
    expect(valueAt(after, '/n')).toBe(1);
  });
});

describe('a transaction', () => {
  it('is tried again until nothing came between, so that no update is lost', async () => {
    const database = await openDatabase();
    const increment = () => database.transaction(ADMIN, parsePath('/n'), (current) => Number(current ?? 0) + 1);
    await Promise.all(Array.from({ length: 10 }, increment));
    expect(valueAt(database, '/n')).toBe(10);
  });

  it('writes nothing when its function gives up', async () => {
    const database = await openDatabase();
    expect(await database.transaction(ADMIN, ['n'], () => undefined)).toEqual({ committed: false, value: null });
    expect(database.revision).toBe(0);
  });
});

describe('several nodes over one journal', () => {
  it('agree on one order, in which no increment is lost', async () => {
    const journal = sharedJournal();
    const hub = createMemoryHub();
    const node = (nodeId: string) => openDatabase({ journal, notifier: hub.connect(), nodeId });
    const [a, b] = [await node('a'), await node('b')];
    const writes = Array.from({ length: 200 }, (_, i) => write(i % 2 ? a : b, set('/n', { '.sv': { increment: 1 } })));
    const revisions = await Promise.all(writes);
    expect(new Set(revisions).size).toBe(200);
    await settle();
    expect([valueAt(a, '/n'), valueAt(b, '/n')]).toEqual([200, 200]);
    expect(a.stats().conflicts + b.stats().conflicts).toBeGreaterThan(0);
    await Promise.all([a.close(), b.close()]);
  });

  it('answer refusals by what really happened when a batch is computed again', async () => {
    const journal = sharedJournal();
    const hub = createMemoryHub();
    const a = await openDatabase({ journal, notifier: hub.connect(), nodeId: 'a' });
    const b = await openDatabase({ journal, notifier: createMemoryHub().connect(), nodeId: 'b' });
    await write(a, set('/guard', 1)); // b does not know of it: what it computes now will conflict
    const series = new WriteSeries();
    const absent = [{ path: ['guard'], hash: '' }];
    const present = [{ path: ['guard'], hash: hashNode(1) }];
    const attempt = (path: string, preconditions: typeof absent) =>
      b.write({ principal: ADMIN, steps: [set(path, true)], preconditions, series });
    const results = await Promise.allSettled([attempt('/x', present), attempt('/y', present), attempt('/z', absent)]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(b.stats().conflicts).toBeGreaterThan(0);
    expect(valueAt(b, '/')).toEqual({ guard: 1, x: true, y: true });
    await Promise.all([a.close(), b.close()]);
  });

  it('tell when what one of them misses is no longer kept', async () => {
    const journal = sharedJournal(0);
    const lost: BacksideError[] = [];
    const a = await openDatabase({ journal, nodeId: 'a' });
    const b = await openDatabase({ journal, nodeId: 'b', onLost: (error) => lost.push(error), trimsJournal: false });
    await write(a, set('/x', 1));
    await journal.trim(1);
    await write(a, set('/x', 2));
    listen(b, '/x');
    await settle();
    await settle();
    expect(lost).toMatchObject([{ code: 'not-found' }]);
    await Promise.all([a.close(), b.close()]);
  });

  it('show a new listener everything that was acknowledged before, wherever it was written', async () => {
    const journal = sharedJournal();
    const a = await openDatabase({ journal, nodeId: 'a' });
    const b = await openDatabase({ journal, nodeId: 'b' });
    await write(a, set('/x', 1));
    const listeners = ['/x', '/', '/x'].map((path) => listen(b, path));
    await settle();
    expect(listeners.map(({ heard }) => heard.lines)).toEqual([['put /x 1'], ['put / {"x":1}'], ['put /x 1']]);
    await Promise.all([a.close(), b.close()]);
  });

  it('read the journal when a notification was lost', async () => {
    const journal = sharedJournal();
    const hub = createMemoryHub();
    const deaf = createMemoryHub().connect();
    const a = await openDatabase({ journal, notifier: hub.connect(), nodeId: 'a' });
    const b = await openDatabase({ journal, notifier: deaf, nodeId: 'b' });
    await write(a, set('/x', 1));
    expect(await write(b, set('/y', 2))).toBe(2);
    expect(valueAt(b, '/')).toEqual({ x: 1, y: 2 });
    await Promise.all([a.close(), b.close()]);
  });

  it('answer every write acknowledged anywhere once they are refreshed, even if nobody told them', async () => {
    const journal = sharedJournal();
    const [a, b] = [
      await openDatabase({ journal, notifier: createMemoryHub().connect(), nodeId: 'a' }),
      await openDatabase({ journal, notifier: createMemoryHub().connect(), nodeId: 'b' }),
    ];
    await write(a, set('/x', 1));
    expect(valueAt(b, '/x')).toBeNull();
    await b.refresh();
    expect(valueAt(b, '/x')).toBe(1);
    await Promise.all([a.close(), b.close()]);
  });
});

describe('closing', () => {
  it('does not wait for a journal that has failed', async () => {
    const journal = new HeldJournal();
    const database = await openDatabase({ journal });
    const first = expect(write(database, set('/a', 1))).rejects.toEqual(refused('unavailable'));
    await settle();
    journal.unreadable = true;
    journal.fail();
    await first;
    const second = expect(write(database, set('/a', 2))).rejects.toEqual(refused('unavailable'));
    await settle();
    journal.fail();
    await database.close();
    await second;
  });
});

describe('opening', () => {
  it('replays the journal into an empty replica', async () => {
    const journal = createMemoryJournal({ keepCommits: 100 });
    const first = await openDatabase({ journal });
    await write(first, set('/a', 1));
    const second = await openDatabase({ journal });
    expect(valueAt(second, '/a')).toBe(1);
  });

  it('refuses a replica that the journal does not continue', async () => {
    const journal = createMemoryJournal({ keepCommits: 0 });
    await write(await openDatabase({ journal }), set('/a', 1));
    await settle();
    await expect(openDatabase({ journal, replica: createMemoryReplica({ epoch: 'other' }) })).rejects.toThrow(
      /cannot go on with the journal/,
    );
  });
});

/** A journal whose appends wait until the test lets them through or fails them. */
class HeldJournal implements Journal {
  readonly #journal = createMemoryJournal({ keepCommits: 1000 });
  readonly supports = this.#journal.supports;
  readonly epoch = this.#journal.epoch;
  #held: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #expected = 0;

  append(base: number, commits: readonly Commit[]): ReturnType<Journal['append']> {
    const gate = new Promise<void>((resolve, reject) => this.#held.push({ resolve, reject }));
    this.#expected = base + commits.length;
    const accepted = Promise.resolve({ status: 'appended', head: this.#expected } as const);
    return { accepted, durable: gate.then(() => this.#journal.append(base, commits).durable) };
  }

  release(): void {
    for (const { resolve } of this.#held.splice(0)) resolve();
  }

  fail(): void {
    for (const { reject } of this.#held.splice(0)) reject(new BacksideError('unavailable'));
  }

  unreadable = false;

  head = (): Promise<number> => this.#journal.head();
  first = (): Promise<number> => this.#journal.first();
  commits = (after: number): ReturnType<Journal['commits']> => this.#journal.commits(after);
  trim = (): Promise<void> => Promise.resolve();
  close = (): Promise<void> => this.#journal.close();
}
