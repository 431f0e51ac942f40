import { createMemoryHub, type Notice, type Notifier } from '@backside/notifier';
import { ADMIN, type Commit } from '@backside/protocol';
import { createMemoryReplica } from '@backside/store';
import type { Database } from '../database.js';
import type { DatabaseOptions } from '../database-options.js';
import { openDatabase } from './database.js';
import { type LinkState, SharedStore, type StoreLink } from './shared-store.js';
import { SimulatedTime } from './simulated-time.js';

/** One node of a simulated cluster. */
export interface TestNode {
  readonly id: string;
  readonly database: Database;
  /** Its way to the journal of `database`. */
  readonly link: StoreLink;
  /** Its way to the journal of the private database beside it. */
  readonly privateLink: StoreLink;
  /** The private database. */
  readonly hidden: Database;
  /** Its way to the broker. */
  readonly broker: BrokerWay;
  /** Sets the way to both journals. */
  links(state: LinkState): void;
  /** Stands still: nothing that it waits for comes back to it until `go`. */
  stop(): void;
  go(): void;
}

/** A node's way to the broker. */
class BrokerWay {
  up = true;
  /** What it tells of commits that change anything is their revision alone. */
  headsOnly = false;
  readonly hub: Notifier;
  readonly #waiting = new Map<string, Commit[]>();
  #holds = false;

  constructor(hub: Notifier) {
    this.hub = hub;
  }

  /** While true what the node publishes waits; then it is told at once. */
  get holds(): boolean {
    return this.#holds;
  }

  set holds(holds: boolean) {
    this.#holds = holds;
    if (!holds) this.#tell();
  }

  /** What is published while it is down is lost. */
  publish(database: string, commits: readonly Commit[]): void {
    if (!this.up) return;
    this.#waiting.set(database, [...(this.#waiting.get(database) ?? []), ...commits]);
    if (!this.#holds) this.#tell();
  }

  #tell(): void {
    for (const [database, commits] of this.#waiting) this.hub.publish(database, commits);
    this.#waiting.clear();
  }
}

/** Milliseconds that a notice takes. */
const NOTICE_MS = 1;

/** Nodes in simulated time over one store and one broker. */
export class TestNodes {
  readonly time: SimulatedTime = new SimulatedTime();
  readonly store: SharedStore = new SharedStore(this.time, 'main');
  readonly privateStore: SharedStore = new SharedStore(this.time, 'private');
  readonly #hub = createMemoryHub();
  #count = 0;

  /** A further node; time passes while it opens. */
  async node(options: { roundTripMs?: number } & Partial<DatabaseOptions> = {}): Promise<TestNode> {
    const { roundTripMs = 1, ...rest } = options;
    this.#count += 1;
    const id = `node-${this.#count}`;
    const sleeper = new Sleeper(this.time);
    const broker = new BrokerWay(this.#hub.connect());
    const links = [this.store.link(roundTripMs), this.privateStore.link(roundTripMs)] as const;
    const common = {
      notifier: brokerLink(broker, this.time),
      now: this.time.now,
      sleep: sleeper.sleep,
      random: seeded(this.#count),
      nodeId: id,
    };
    const open = (name: string, link: StoreLink, extras: Partial<DatabaseOptions>): Promise<Database> => {
      const own = { name, journal: link.journal, replica: createMemoryReplica() };
      return this.time.result(openDatabase({ ...common, ...own, ...extras }), 60_000);
    };
    const hidden = await open('test.private', links[1], {});
    const database = await open('test', links[0], { scopes: hidden, ...rest });
    return {
      ...{ id, database, hidden, broker, link: links[0], privateLink: links[1] },
      links: (state) => {
        for (const link of links) link.state = state;
      },
      stop: () => sleeper.stop(),
      go: () => sleeper.go(),
    };
  }

  /** Sets a value through a node and lets time pass until that is answered. */
  write(node: TestNode, path: string, value: unknown, ms = 60_000): Promise<number> {
    const steps = [{ method: 'set', path: path.split('/').filter(Boolean), value } as const];
    return this.time.result(node.database.write({ principal: ADMIN, steps }), ms).then(({ revision }) => revision);
  }
}

/** A node's own sense of time, which can stand still. */
class Sleeper {
  readonly #time: SimulatedTime;
  #held: (() => void)[] | null = null;

  constructor(time: SimulatedTime) {
    this.#time = time;
  }

  readonly sleep = async (ms: number): Promise<void> => {
    await this.#time.sleep(ms);
    if (this.#held !== null) await new Promise<void>((resolve) => this.#held?.push(resolve));
  };

  stop(): void {
    this.#held ??= [];
  }

  go(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const resume of held) resume();
  }
}

/** A broker between machines: what is published or delivered while the way there is down is lost. */
function brokerLink(link: BrokerWay, time: SimulatedTime): Notifier {
  const { hub } = link;
  return {
    betweenNodes: true,
    get state() {
      return { up: link.up, dropped: 0 };
    },
    publish: (database, commits) => link.publish(database, commits),
    subscribe: (database, handler) => {
      const deliver = ({ commits, head }: Notice): void => {
        const told = commits.filter(({ changes }) => changes.length === 0 || !link.headsOnly);
        if (link.up) handler({ commits: told, head });
      };
      return hub.subscribe(database, (notice) => void time.sleep(NOTICE_MS).then(() => deliver(notice)));
    },
    close: () => hub.close(),
  };
}

/** Uniform in [0, 1), the same in every run. */
function seeded(seed: number): () => number {
  let state = seed * 2_654_435_761;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return state / 2 ** 32;
  };
}
