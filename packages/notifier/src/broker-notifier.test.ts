import { inspect } from 'node:util';
import type { Logger } from '@backside/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BrokerNotifierOptions, createBrokerNotifier } from './broker-notifier.js';
import { notifierConformance } from './conformance.js';
import { commitAt, listen } from './heard.js';
import { encodeNotice } from './notice-codec.js';
import { GAP, type Notifier } from './notifier.js';
import { probeBroker } from './probe-broker.js';
import { TestBroker } from './test-broker.js';

const URL_WITH_SECRET = 'test://bob:s3cret@one:1,two:2/x';
const TIMING = {
  checkEveryMs: 20,
  answerWithinMs: 50,
  retryFirstMs: 5,
  retryLastMs: 20,
  patienceMs: 500,
  closeWithinMs: 100,
};

let broker: TestBroker;
let logged: unknown[];
let joined: Notifier[];
beforeEach(() => {
  [broker, logged, joined] = [new TestBroker(), [], []];
});
afterEach(async () => {
  for (const notifier of joined) await notifier.close();
  expect(broker.links).toBe(0);
  expect(inspect(logged, { depth: 9 })).not.toContain('s3cret');
});

async function join(options: Partial<BrokerNotifierOptions> = {}): Promise<Notifier> {
  const log = (fields: unknown, message: string): unknown => logged.push([fields, message]);
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  const base = { url: URL_WITH_SECRET, nodeId: 'n', logger, open: broker.open, timing: TIMING };
  const notifier = await createBrokerNotifier({ ...base, ...options });
  joined.push(notifier);
  return notifier;
}

notifierConformance('notifier over a broker', async () => ({ connect: join, dispose: async () => undefined }));

describe('the link of a notifier', () => {
  it('is tried at each server in turn, until patience ends', async () => {
    broker.isAway = true;
    const refusal = await join().catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('test://***@one:1,two:2/x'),
    });
    expect(inspect(refusal, { depth: 9 })).not.toContain('s3cret');
    const [first, second] = broker.tried;
    expect(new Set([first, second])).toEqual(new Set(['test://bob:s3cret@one:1/x', 'test://bob:s3cret@two:2/x']));
    expect(broker.tried.slice(0, 6)).toEqual([first, second, first, second, first, second]);
  });

  it('is given up when it does not open or does not answer, and found again', async () => {
    const notifier = await join({ timing: { ...TIMING, openWithinMs: 30 } });
    const heard = await listen(notifier, 'main');
    broker.isFrozen = true;
    await expect.poll(() => notifier.state.up).toBe(false);
    await expect.poll(() => broker.tried.length).toBeGreaterThan(3);
    broker.isFrozen = false;
    expect(await heard.notice(() => true)).toEqual(GAP);
    await expect.poll(() => notifier.state.up).toBe(true);
  });

  it('is opened at longer and longer intervals', async () => {
    await join({ timing: { ...TIMING, retryFirstMs: 20, retryLastMs: 160 } });
    broker.isAway = true;
    broker.cut();
    await expect.poll(() => broker.tried.length, { timeout: 10_000 }).toBeGreaterThan(8);
    const waits = logged.flatMap((entry) => ((entry as [{ retryMs?: number }])[0].retryMs ?? []) as number | []);
    for (const [index, retryMs] of waits.entries()) expect(retryMs).toBeLessThanOrEqual(Math.min(160, 20 * 2 ** index));
    expect(new Set(waits).size).toBeGreaterThan(2);
  });

  it('can be opened while subscriptions end, which then are gone', async () => {
    const notifier = await join();
    const [ended, kept] = [await listen(notifier, 'ended'), await listen(notifier, 'kept')];
    broker.isAway = true;
    broker.cut();
    await ended.end();
    broker.isAway = false;
    await kept.notice(() => true);
    const publisher = await join();
    publisher.publish('ended', [commitAt(1)]);
    publisher.publish('kept', [commitAt(1)]);
    await kept.first(1);
    expect(ended.notices).toEqual([]);
  });
});

describe('what a notifier publishes', () => {
  it('is sent again, after a lost link, unless the broker had confirmed it', async () => {
    const [publisher, other] = [await join(), await join()];
    const heard = await listen(other, 'main');
    publisher.publish('main', [commitAt(1)]);
    await heard.first(1);
    await new Promise(setImmediate);
    broker.confirmsNothing = true;
    publisher.publish('main', [commitAt(2)]);
    await heard.first(2);
    broker.confirmsNothing = false;
    broker.cut(1);
    await heard.first(3);
    expect(heard.commits.map(({ revision }) => revision)).toEqual([1, 2, 2]);
  });

  it('is joined while the broker is slow to confirm', async () => {
    const [publisher, other] = [await join(), await join()];
    const heard = await listen(other, 'main');
    for (let revision = 1; revision <= 1_000; revision += 1) publisher.publish('main', [commitAt(revision)]);
    expect((await heard.first(1_000)).map(({ revision }) => revision)).toEqual(
      Array.from({ length: 1_000 }, (_, i) => i + 1),
    );
    expect(broker.sent.length).toBeLessThan(100);
  });

  it('waits while the broker takes nothing, which the state says', async () => {
    const [publisher, other] = [await join(), await join()];
    const heard = await listen(other, 'main');
    broker.tell(({ blocked }) => blocked(true));
    publisher.publish('main', [commitAt(1)]);
    expect(publisher.state.up).toBe(false);
    expect(broker.sent).toEqual([]);
    broker.tell(({ blocked }) => blocked(false));
    await heard.first(1);
    expect(publisher.state.up).toBe(true);
  });

  it('is bounded, and becomes a gap for all if it concerns too many databases', async () => {
    const [publisher, other] = [await join(), await join()];
    const heard = await listen(other, 'unconcerned');
    broker.tell(({ blocked }) => blocked(true));
    for (let database = 0; database < 10_010; database += 1) publisher.publish(`${database}`, [commitAt(1)]);
    expect(publisher.state.dropped).toBe(10);
    broker.tell(({ blocked }) => blocked(false));
    expect(await heard.notice(() => true)).toEqual(GAP);
  });

  it('is sent before it closes, as far as the broker takes it in time', async () => {
    const [publisher, other] = [await join(), await join()];
    const heard = await listen(other, 'main');
    for (let revision = 1; revision <= 500; revision += 1) publisher.publish('main', [commitAt(revision)]);
    await publisher.close();
    expect((await heard.first(500)).length).toBe(500);
    broker.confirmsNothing = true;
    other.publish('main', [commitAt(1)]);
    await other.close();
    expect(inspect(logged)).toContain('the broker did not take what was left to tell');
  });
});

describe('what a notifier hears', () => {
  it('is a gap when its link missed something', async () => {
    const heard = await listen(await join(), 'main');
    broker.tell(({ missed }) => missed());
    expect(heard.notices).toEqual([GAP]);
  });

  it('is the head alone from a node of a later version, and a gap from what is no node', async () => {
    const heard = await listen(await join(), 'main');
    const later = encodeNotice({ commits: [commitAt(42).encoded()], head: 42 }, Buffer.alloc(16, 9));
    later[1] = 77;
    broker.deliver('backside.n-main', later);
    broker.deliver('backside.n-main', Buffer.from('hello'));
    await heard.notice(({ head }) => head === null);
    expect(heard.notices).toEqual([{ commits: [], head: 42 }, GAP]);
  });

  it('is nothing once the link is given up, even if it goes on talking', async () => {
    const notifier = await join();
    const heard = await listen(notifier, 'main');
    let old: ((topic: string, bytes: Uint8Array) => void) | undefined;
    broker.tell(({ message }) => {
      old = message;
    });
    broker.cut();
    await heard.notice(() => true);
    old!('backside.n-main', encodeNotice({ commits: [], head: 7 }, Buffer.alloc(16, 9)));
    expect(heard.notices).toEqual([GAP]);
  });
});

describe('options', () => {
  it('name a prefix that means the same to every broker', async () => {
    await expect(join({ prefix: 'a.#' })).rejects.toMatchObject({ code: 'invalid-data' });
    expect(broker.tried).toEqual([]);
  });

  it('keep clusters apart that share a broker', async () => {
    const [publisher, same, another] = [
      await join({ prefix: 'x' }),
      await join({ prefix: 'x' }),
      await join({ prefix: 'y' }),
    ];
    const [heard, apart] = [await listen(same, 'main'), await listen(another, 'main')];
    publisher.publish('main', [commitAt(1)]);
    await heard.first(1);
    expect(apart.notices).toEqual([]);
  });
});

it('can probe a broker, which leaves nothing behind', async () => {
  const facts = await probeBroker(URL_WITH_SECRET, 'backside', broker.open);
  expect(facts.version).toBe('test');
  expect(facts.roundTripMs).toBeGreaterThan(0);
  expect(broker.links).toBe(0);
  broker.isAway = true;
  const refusal = await probeBroker(URL_WITH_SECRET, 'backside', broker.open).catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: 'unavailable' });
  expect(inspect(refusal, { depth: 9 })).not.toContain('s3cret');
});
