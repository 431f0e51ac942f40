import type { BrokerLink, LinkEvents, LinkRequest, OpenLink } from './broker-link.js';

/** A broker within the process, for tests of what is above links: it fails on command, at exactly that moment. */
export class TestBroker {
  readonly #links = new Set<TestLink>();
  /** Every try to open a link: which server was meant. */
  readonly tried: string[] = [];
  /** Messages that came, in order. */
  readonly sent: { readonly topic: string; readonly message: Uint8Array }[] = [];
  /** Whether new links are refused. */
  isAway = false;
  /** Whether links neither open nor answer. */
  isFrozen = false;
  /** Whether messages stay unanswered. */
  confirmsNothing = false;

  get links(): number {
    return this.#links.size;
  }

  readonly open: OpenLink = async ({ server, events, signal }: LinkRequest) => {
    this.tried.push(server);
    if (this.isFrozen)
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    if (this.isAway) throw new Error(`${server} refuses`);
    const link = new TestLink(this, events, () => this.#links.delete(link));
    this.#links.add(link);
    return link;
  };

  /** Ends all links, or the first ones. */
  cut(count: number = this.links): void {
    for (const { events } of [...this.#links].slice(0, count)) events.lost(new Error('cut'));
  }

  /** Tells all links something. */
  tell(act: (events: LinkEvents) => void): void {
    for (const { events } of this.#links) act(events);
  }

  deliver(topic: string, message: Uint8Array): void {
    this.sent.push({ topic, message });
    for (const { topics, events } of this.#links)
      if (topics.has(topic)) setImmediate(() => events.message(topic, message));
  }
}

class TestLink implements BrokerLink {
  readonly serverVersion = 'test';
  readonly topics = new Set<string>();
  readonly events: LinkEvents;
  readonly #broker: TestBroker;
  readonly #closed: () => void;

  constructor(broker: TestBroker, events: LinkEvents, closed: () => void) {
    this.#broker = broker;
    this.events = events;
    this.#closed = closed;
  }

  async send(topic: string, message: Uint8Array): Promise<void> {
    this.#broker.deliver(topic, message);
    if (this.#broker.confirmsNothing) await NEVER;
  }

  async subscribe(topic: string): Promise<void> {
    await this.check();
    this.topics.add(topic);
  }

  async unsubscribe(topic: string): Promise<void> {
    this.topics.delete(topic);
  }

  async check(): Promise<void> {
    if (this.#broker.isFrozen) await NEVER;
  }

  async close(): Promise<void> {
    this.#closed();
  }
}

const NEVER = new Promise<void>(() => {});
