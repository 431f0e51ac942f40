import { Commit } from '@backside/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Notifier } from './notifier.js';

/** Notifiers that hear each other. */
export interface NotifierFixture {
  /** A further participant of the same group. */
  readonly connect: () => Promise<Notifier>;
  /** Releases what the participants share. */
  readonly dispose: () => Promise<void>;
}

/** What every notifier does while nothing is lost. `create` is called once per test. */
export function notifierConformance(name: string, create: () => Promise<NotifierFixture>): void {
  describe(`${name} as a notifier`, () => {
    let fixture: NotifierFixture;
    let joined: Notifier[];
    beforeEach(async () => {
      fixture = await create();
      joined = [];
    });
    afterEach(async () => {
      for (const notifier of joined) await notifier.close();
      await fixture.dispose();
    });
    const join = async (): Promise<Notifier> => {
      const notifier = await fixture.connect();
      joined.push(notifier);
      return notifier;
    };
    delivering(join);
    separating(join);
    ending(join);
  });
}

type Join = () => Promise<Notifier>;

function delivering(join: Join): void {
  it('tells every other participant, in the order of publishing', async () => {
    const [publisher, ...others] = [await join(), await join(), await join()];
    const heard = await Promise.all(others.map((other) => listen(other, 'main')));
    for (let revision = 1; revision <= 40; revision += 2)
      publisher.publish('main', [commitAt(revision), commitAt(revision + 1)]);
    for (const each of heard) expect((await each.first(40)).map(({ revision }) => revision)).toEqual(range(1, 40));
  });

  it('carries commits as they are', async () => {
    const [publisher, other] = [await join(), await join()];
    const heard = await listen(other, 'main');
    publisher.publish('main', [RICH]);
    const [commit] = await heard.first(1);
    expect({ ...commit }).toEqual({ ...RICH });
    expect(Buffer.from(commit!.encoded()).toString()).toBe(Buffer.from(RICH.encoded()).toString());
  });

  it('calls no handler while it publishes', async () => {
    const [publisher, other] = [await join(), await join()];
    const heard = await listen(other, 'main');
    publisher.publish('main', [commitAt(1)]);
    expect(heard.commits).toEqual([]);
    expect((await heard.first(1)).length).toBe(1);
  });

  it('lets everybody publish and hear', async () => {
    const all = [await join(), await join(), await join()];
    const heard = await Promise.all(all.map((notifier) => listen(notifier, 'main')));
    all.forEach((notifier, index) => {
      notifier.publish('main', [commitAt(index + 1)]);
    });
    for (const [index, each] of heard.entries()) {
      for (const other of [1, 2, 3]) if (other !== index + 1) expect((await each.revision(other)).revision).toBe(other);
    }
  });

  it('carries a commit of a megabyte', async () => {
    const [publisher, other] = [await join(), await join()];
    const heard = await listen(other, 'main');
    publisher.publish('main', [commitAt(1, 'ö'.repeat(512 * 1024))]);
    const [commit] = await heard.first(1);
    expect(commit?.changes[0]?.value === 'ö'.repeat(512 * 1024)).toBe(true);
  });
}

function separating(join: Join): void {
  it('keeps databases apart, whatever their names', async () => {
    const [publisher, other] = [await join(), await join()];
    const names = ['main', 'other', '__proto__', 'a.b', 'a/b*', 'ключ'];
    const heard = await Promise.all(names.map((name) => listen(other, name)));
    for (const [index, name] of names.entries()) publisher.publish(name, [commitAt(index + 1)]);
    for (const [index, each] of heard.entries()) {
      expect((await each.first(1)).map(({ revision }) => revision)).toEqual([index + 1]);
    }
    for (const [index, name] of names.entries()) publisher.publish(name, [commitAt(index + 101)]);
    for (const [index, each] of heard.entries()) {
      expect((await each.first(2)).map(({ revision }) => revision)).toEqual([index + 1, index + 101]);
    }
  });

  it('calls every handler of one database', async () => {
    const [publisher, other] = [await join(), await join()];
    const heard = [await listen(other, 'main'), await listen(other, 'main')];
    publisher.publish('main', [commitAt(1)]);
    for (const each of heard) expect((await each.first(1)).length).toBe(1);
  });
}

function ending(join: Join): void {
  it('stops when a subscription ends, and only that one', async () => {
    const [publisher, other] = [await join(), await join()];
    const [ended, kept] = [await listen(other, 'main'), await listen(other, 'main')];
    publisher.publish('main', [commitAt(1)]);
    await ended.first(1);
    await ended.end();
    await ended.end();
    publisher.publish('main', [commitAt(2)]);
    await kept.first(2);
    expect(ended.commits.length).toBe(1);
  });

  it('can be subscribed to again', async () => {
    const [publisher, other] = [await join(), await join()];
    await (await listen(other, 'main')).end();
    const again = await listen(other, 'main');
    publisher.publish('main', [commitAt(7)]);
    expect((await again.first(1)).map(({ revision }) => revision)).toEqual([7]);
  });

  it('goes on among the others when one leaves, and takes nothing from or to that one', async () => {
    const [publisher, leaver, other] = [await join(), await join(), await join()];
    const [gone, kept] = [await listen(leaver, 'main'), await listen(other, 'main')];
    await leaver.close();
    leaver.publish('main', [commitAt(1)]);
    publisher.publish('main', [commitAt(2)]);
    expect((await kept.first(1)).map(({ revision }) => revision)).toEqual([2]);
    expect(gone.commits).toEqual([]);
    await expect(leaver.subscribe('main', () => undefined)).rejects.toMatchObject({ code: 'unavailable' });
  });
}

/** What one subscription has heard. */
interface Heard {
  readonly commits: Commit[];
  /** Waits until at least `count` commits have come. */
  first(count: number): Promise<Commit[]>;
  /** Waits for a commit with this revision. */
  revision(revision: number): Promise<Commit>;
  end(): Promise<void>;
}

async function listen(notifier: Notifier, database: string): Promise<Heard> {
  const commits: Commit[] = [];
  const waiting = new Set<() => void>();
  const end = await notifier.subscribe(database, (heard) => {
    commits.push(...heard);
    for (const check of [...waiting]) check();
  });
  const until = <T>(find: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      const check = (): void => {
        const found = find();
        if (found === undefined) return void waiting.add(check);
        waiting.delete(check);
        resolve(found);
      };
      check();
    });
  return {
    commits,
    first: (count) => until(() => (commits.length >= count ? commits : undefined)),
    revision: (revision) => until(() => commits.find((commit) => commit.revision === revision)),
    end,
  };
}

const BASE = { time: 1_700_000_000_000, author: null, origin: 'node-1' };

const RICH = new Commit({
  ...BASE,
  revision: 1,
  author: 'алиса',
  changes: [
    { path: ['a', '__proto__', '😀'], value: 'line\nbreak \u0000' },
    { path: ['gone'], value: null },
    { path: ['p', '.priority'], value: 3 },
  ],
  headers: [['x-trace', 'é']],
  idempotencyKey: 'k',
});

function commitAt(revision: number, value: string | number = revision): Commit {
  return new Commit({ ...BASE, revision, changes: [{ path: ['k'], value }] });
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
