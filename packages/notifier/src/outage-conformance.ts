import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitAt, type Heard, listen } from './heard.js';
import type { Notice, Notifier } from './notifier.js';

/** A line to the server that can be broken. */
export interface FaultyLine {
  readonly port: number;
  /** Probabilities, per chunk and for `refuse` per connection; `delayMs` at most. */
  faults: {
    readonly delayMs: number;
    readonly split: number;
    readonly cut: number;
    readonly freeze: number;
    readonly refuse: number;
  };
  /** Resets all connections. */
  cutAll(): void;
  stop(): Promise<void>;
}

export interface OutageParts {
  /** A server that only this suite uses, running. */
  readonly server: {
    readonly port: number;
    kill(): Promise<void>;
    restart(): Promise<void>;
    freeze(): void;
    thaw(): void;
  };
  readonly startLine: (targetPort: number) => Promise<FaultyLine>;
  /** A participant of a group, at a port of the loopback. Its link should be checked and made again within a second or two. */
  readonly connect: (port: number, group: string) => Promise<Notifier>;
  /** What it lets wait at most, in bytes. */
  readonly maxQueuedBytes: number;
}

const GOOD = { delayMs: 0, split: 0, cut: 0, freeze: 0, refuse: 0 };
const AWAY = { ...GOOD, refuse: 1 };
const FROZEN = { ...GOOD, freeze: 1 };
const BAD = { delayMs: 2, split: 0.3, cut: 0.4, freeze: 0, refuse: 0.3 };
/** The tests wait for servers to come back, on machines that may be busy. */
const TIMEOUT_MS = 120_000;
const isGap = ({ head }: Notice): boolean => head === null;

/** What every notifier over a broker does when the broker or the line to it fails. */
export function notifierOutageConformance(name: string, parts: OutageParts): void {
  describe(`${name} when its broker fails`, { timeout: TIMEOUT_MS }, () => {
    const scene = new Scene(parts);
    beforeEach(() => scene.begin());
    afterEach(() => scene.end());
    serverFailing(scene, parts);
    lineFailing(scene);
    publisherCutOff(scene, parts);
    leaving(scene, parts);
  });
}

/** The participants of one test. */
class Scene {
  readonly #parts: OutageParts;
  #joined: Notifier[] = [];
  #group = '';
  line!: FaultyLine;

  constructor(parts: OutageParts) {
    this.#parts = parts;
  }

  async begin(): Promise<void> {
    this.#group = `outage-${Math.random().toString(36).slice(2)}`;
    this.line = await this.#parts.startLine(this.#parts.server.port);
  }

  async end(): Promise<void> {
    await Promise.all(this.#joined.splice(0).map((notifier) => notifier.close()));
    await this.line.stop();
  }

  direct(): Promise<Notifier> {
    return this.#join(this.#parts.server.port);
  }

  throughLine(): Promise<Notifier> {
    return this.#join(this.line.port);
  }

  async #join(port: number): Promise<Notifier> {
    const notifier = await this.#parts.connect(port, this.#group);
    this.#joined.push(notifier);
    return notifier;
  }
}

function serverFailing(scene: Scene, { server }: OutageParts): void {
  it('tells of a gap once a server that was killed is back, and of everything from then on', async () => {
    const [publisher, other] = [await scene.direct(), await scene.direct()];
    const [heard, apart] = [await listen(other, 'main'), await listen(other, 'other')];
    await server.kill();
    await isDown(publisher, other);
    await expect(other.subscribe('third', () => undefined)).rejects.toMatchObject({ code: 'unavailable' });
    publisher.publish('main', [commitAt(1)]);
    await server.restart();
    await isUp(publisher, other);
    await Promise.all([heard.notice(isGap), apart.notice(isGap)]);
    await publishesAreHeard(publisher, heard);
  });

  it('notices a server that answers no more, and goes on once it does', async () => {
    const [publisher, other] = [await scene.direct(), await scene.direct()];
    const heard = await listen(other, 'main');
    server.freeze();
    try {
      await isDown(publisher, other);
    } finally {
      server.thaw();
    }
    await isUp(publisher, other);
    await heard.notice(isGap);
    await publishesAreHeard(publisher, heard);
  });
}

function lineFailing(scene: Scene): void {
  it('tells a subscriber whose line was cut of a gap, and of everything from then on', async () => {
    const [publisher, other] = [await scene.direct(), await scene.throughLine()];
    const heard = await listen(other, 'main');
    scene.line.cutAll();
    await heard.notice(isGap);
    await publishesAreHeard(publisher, heard);
  });

  it('notices a line that lets nothing through and says nothing', async () => {
    const [publisher, other] = [await scene.direct(), await scene.throughLine()];
    const heard = await listen(other, 'main');
    scene.line.faults = FROZEN;
    publisher.publish('main', [commitAt(1)]);
    await isDown(other);
    scene.line.faults = GOOD;
    await heard.notice(isGap);
    await publishesAreHeard(publisher, heard);
  });

  it('tells a handler nothing any more that ended while the link was down', async () => {
    const other = await scene.throughLine();
    const [ended, kept] = [await listen(other, 'main'), await listen(other, 'main')];
    scene.line.faults = AWAY;
    scene.line.cutAll();
    await isDown(other);
    await ended.end();
    scene.line.faults = GOOD;
    await kept.notice(isGap);
    expect(ended.notices).toEqual([]);
  });

  it('keeps a follower level with the journal that never polls, over a bad line', async () => {
    const [publisher, other] = [await scene.throughLine(), await scene.throughLine()];
    let [head, followed] = [0, 0];
    await other.subscribe('main', (notice) => {
      if (notice.head === null)
        followed = head; // what is not told is read
      else followed = Math.max(followed, notice.head);
    });
    for (let round = 1; round <= 60; round += 1) {
      scene.line.faults = BAD;
      const last = head + (round % 3) + 1;
      while (head < last) publisher.publish('main', [commitAt(++head, 'x'.repeat(head))]);
      await sleep(round % 5);
      scene.line.faults = GOOD;
      // Nothing more is published until the follower has what there is.
      await expect.poll(() => followed, { timeout: TIMEOUT_MS / 2, interval: 5 }).toBe(head);
    }
  });
}

function publisherCutOff(scene: Scene, { maxQueuedBytes }: OutageParts): void {
  it('tells later what was published while the publisher had no link, in order', async () => {
    const [publisher, other] = [await scene.throughLine(), await scene.direct()];
    const heard = await listen(other, 'main');
    scene.line.faults = AWAY;
    scene.line.cutAll();
    await isDown(publisher);
    for (const revision of [1, 2, 3]) publisher.publish('main', [commitAt(revision)]);
    scene.line.faults = GOOD;
    expect((await heard.first(3)).map(({ revision }) => revision)).toEqual([1, 2, 3]);
    expect(publisher.state.dropped).toBe(0);
  });

  it('keeps no more than it may of what is published meanwhile, and tells of the last revision', async () => {
    const [publisher, other] = [await scene.throughLine(), await scene.direct()];
    const heard = await listen(other, 'main');
    scene.line.faults = AWAY;
    scene.line.cutAll();
    await isDown(publisher);
    const [count, size] = [100_000, 1_000];
    for (let revision = 1; revision <= count; revision += 1)
      publisher.publish('main', [commitAt(revision, 'x'.repeat(size))]);
    expect(publisher.state.dropped).toBeGreaterThan(count - maxQueuedBytes / size);
    scene.line.faults = GOOD;
    expect((await heard.notice(({ head }) => head === count)).head).toBe(count);
  });
}

function leaving(scene: Scene, { server }: OutageParts): void {
  it('can be closed while the server is away or answers nothing, and leaves no connection behind', async () => {
    const before = openSockets();
    const [first, second] = [await scene.direct(), await scene.direct()];
    for (const notifier of [first, second]) await listen(notifier, 'main');
    server.freeze();
    try {
      first.publish('main', [commitAt(1)]);
      await first.close();
    } finally {
      server.thaw();
    }
    await server.kill();
    try {
      await isDown(second);
      second.publish('main', [commitAt(2)]);
      await second.close();
    } finally {
      await server.restart();
    }
    expect([first.state.up, second.state.up]).toEqual([false, false]);
    await expect.poll(openSockets, { timeout: TIMEOUT_MS / 2 }).toBeLessThanOrEqual(before);
  });

  it('does not come up without a server', async () => {
    scene.line.faults = AWAY;
    const refused = await scene.throughLine().catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'unavailable' });
  });
}

/** Connections of this process. */
function openSockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
}

async function isDown(...notifiers: Notifier[]): Promise<void> {
  await isAll(notifiers, false);
}

async function isUp(...notifiers: Notifier[]): Promise<void> {
  await isAll(notifiers, true);
}

async function isAll(notifiers: readonly Notifier[], up: boolean): Promise<void> {
  const states = (): boolean[] => notifiers.map(({ state }) => state.up);
  await expect.poll(states, { timeout: TIMEOUT_MS / 2 }).toEqual(notifiers.map(() => up));
}

/** Revisions that no other part of a test uses. */
async function publishesAreHeard(publisher: Notifier, heard: Heard): Promise<void> {
  const revisions = Array.from({ length: 50 }, (_, index) => 1_000_001 + index);
  for (const revision of revisions) publisher.publish('main', [commitAt(revision)]);
  await heard.revision(revisions.at(-1)!);
  const told = heard.commits.map(({ revision }) => revision).filter((revision) => revision > 1_000_000);
  expect(told).toEqual(revisions);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
