import type { ReceivedFrame } from '../harness/stomp-reader.js';
import { SubscriberModel } from './model.js';
import type { Session } from './session.js';
import { openPatiently } from './writers.js';

/**
 * Listens to the whole tree and comes back with `resume` whenever its connection ends. Throws as soon as a revision is
 * missing, doubled or out of order, or the tree shows half a commit.
 */
export class Subscriber {
  readonly model: SubscriberModel = new SubscriberModel('/');
  /** The revision of the last event. */
  revision = 0;
  events = 0;
  resumptions = 0;
  readonly #pairs: readonly string[];
  #epoch = '';
  #session: Session | null = null;
  #stopped = false;
  #fault: Error | null = null;

  /** `pairs` names what must be equal in `/left` and `/right` at every moment. */
  constructor(pairs: readonly string[]) {
    this.#pairs = pairs;
  }

  async run(port: () => number): Promise<void> {
    while (!this.#stopped && !this.#fault) {
      const session = await openPatiently(port, () => this.#stopped);
      if (session === null) return;
      this.#session = session;
      this.#subscribe(session);
      await session.closed;
    }
    this.assertSound();
  }

  stop(): void {
    this.#stopped = true;
    this.#session?.destroy();
  }

  /** Throws what was wrong with an event, if anything was. */
  assertSound(): void {
    if (this.#fault) throw this.#fault;
  }

  #subscribe(session: Session): void {
    if (this.#epoch !== '' && session.epoch !== this.#epoch) {
      this.#fail(`the history changed from ${this.#epoch} to ${session.epoch}`);
      return;
    }
    const resuming = this.#epoch !== '';
    this.#epoch = session.epoch;
    if (resuming) this.resumptions += 1;
    let first = !resuming;
    session.onMessage = (frame) => {
      this.#take(frame, first);
      first = false;
    };
    const resume = resuming ? { resume: `${this.#epoch}:${this.revision}` } : {};
    session.write('SUBSCRIBE', { id: 'all', destination: '/', ...resume });
  }

  #take(frame: ReceivedFrame, isFirst: boolean): void {
    if (this.#fault) return;
    const revision = Number(frame.headers.get('revision'));
    if (saysNothingMissed(frame) && revision === this.revision) return;
    if (frame.headers.get('resumed') === 'false')
      this.#fail(`a snapshot at ${revision} instead of what follows ${this.revision}`);
    else if (!isFirst && revision !== this.revision + 1) this.#fail(`revision ${revision} after ${this.revision}`);
    this.revision = revision;
    this.events += 1;
    this.model.apply(frame);
    for (const name of this.#pairs) {
      const [left, right] = [this.model.at(`/left/${name}`), this.model.at(`/right/${name}`)];
      if (left !== right) this.#fail(`half a commit at revision ${revision}: ${name} is ${left} and ${right}`);
    }
  }

  #fail(message: string): void {
    this.#fault ??= new Error(`subscriber: ${message}`);
    this.#session?.destroy();
  }
}

/** The first event of a resumed listen that is up to date: an empty patch. */
function saysNothingMissed(frame: ReceivedFrame): boolean {
  return frame.headers.get('resumed') === 'true' && frame.text === '{}';
}
