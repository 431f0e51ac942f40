import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitAt, HOSTILE_NAMES, listen, RICH } from './heard.js';
import type { Notifier } from './notifier.js';

export { type FaultyLine, notifierOutageConformance, type OutageParts } from './outage-conformance.js';

/** Notifiers that hear each other. */
export interface NotifierFixture {
  /** A further participant of the same group. */
  readonly connect: () => Promise<Notifier>;
  /** Releases what the participants share. */
  readonly dispose: () => Promise<void>;
}

/** What some notifiers cannot do. */
export interface NotifierSupports {
  /** Whether it carries a commit of a megabyte; those that do not tell its revision. */
  readonly largeCommits: boolean;
}

/** What every notifier does while nothing is lost. `create` is called once per test. */
export function notifierConformance(
  name: string,
  create: () => Promise<NotifierFixture>,
  supports: NotifierSupports = { largeCommits: true },
): void {
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
    carrying(join, supports);
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
}

function carrying(join: Join, supports: NotifierSupports): void {
  it.runIf(supports.largeCommits)('carries a commit of a megabyte', async () => {
    const [publisher, other] = [await join(), await join()];
    const heard = await listen(other, 'main');
    publisher.publish('main', [commitAt(1, MEGABYTE)]);
    const [commit] = await heard.first(1);
    expect(commit?.changes[0]?.value === MEGABYTE).toBe(true);
  });

  it.skipIf(supports.largeCommits)('tells the revision of a commit of a megabyte, and carries the next', async () => {
    const [publisher, other] = [await join(), await join()];
    const heard = await listen(other, 'main');
    publisher.publish('main', [commitAt(1, MEGABYTE)]);
    publisher.publish('main', [commitAt(2)]);
    expect(await heard.notice(({ head }) => head === 1)).toEqual({ commits: [], head: 1 });
    expect((await heard.first(1)).map(({ revision }) => revision)).toEqual([2]);
  });

  it('names the newest revision that it tells of', async () => {
    const [publisher, other] = [await join(), await join()];
    const heard = await listen(other, 'main');
    publisher.publish('main', [commitAt(6), commitAt(7), commitAt(8)]);
    const notice = await heard.notice(() => true);
    expect([notice.commits.map(({ revision }) => revision), notice.head]).toEqual([[6, 7, 8], 8]);
  });

  it('is up until it is closed', async () => {
    const notifier = await join();
    expect(notifier.state).toEqual({ up: true, dropped: 0 });
    await notifier.close();
    await notifier.close();
    expect(notifier.state).toEqual({ up: false, dropped: 0 });
  });
}

function separating(join: Join): void {
  it('keeps databases apart, whatever their names', async () => {
    const [publisher, other] = [await join(), await join()];
    const names = HOSTILE_NAMES;
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

const MEGABYTE = 'ö'.repeat(512 * 1024);

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
