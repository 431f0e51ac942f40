import type { PrivateTree } from '@backside/auth';
import type { Logger } from '@backside/protocol';
import type { ConsumeOptions, Consumer, Outcome } from '../queue.js';
import type { JobRecord } from './job-record.js';
import { jobOf } from './job-record.js';
import { Lease } from './lease.js';
import { LOOKS_PER_LIFE, Orphans } from './orphans.js';
import { PATHS, type Records } from './records.js';

/** The clock may be set meanwhile, and a pulse may be missed: no wait is longer. */
const MAX_WAIT_MS = 2_000;
/** Pause after the tree could not be reached. */
const AGAIN_MS = 250;
/** Pause after others have taken all that was seen to be due. */
const OUTRUN_MS = 20;

export interface EmbeddedConsumerOptions extends ConsumeOptions {
  readonly tree: PrivateTree;
  readonly records: Records;
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly logger: Logger;
}

/** Takes due jobs of one queue, keeps them by a lease, and stores what became of them. */
export class EmbeddedConsumer implements Consumer {
  readonly #options: EmbeddedConsumerOptions;
  readonly #lease: Lease;
  readonly #orphans: Orphans;
  readonly #underWay = new Set<Promise<void>>();
  /** What timers have begun. */
  readonly #ticking = new Set<Promise<void>>();
  readonly #unwatch: () => void;
  readonly #timers: readonly NodeJS.Timeout[];
  readonly #loop: Promise<void>;
  #wake: () => void = () => {};
  /** Whether something happened since the last look at what is due. */
  #poked = false;
  #closing = false;
  #taken = 0;
  /** Beats since the last job was under way. */
  #idleBeats = 0;

  constructor(options: EmbeddedConsumerOptions) {
    this.#options = options;
    const { tree, records, monotonic, visibilityMs, queue } = options;
    this.#lease = new Lease({ tree, lifeMs: visibilityMs, monotonic });
    this.#orphans = new Orphans(tree, records);
    this.#unwatch = tree.watch(PATHS.pulse(queue), () => this.#poke());
    this.#timers = [
      this.#every(this.#lease.beatMs, () => this.#beat()),
      this.#every(visibilityMs / LOOKS_PER_LIFE, () => this.#orphans.look(queue, this.#lease.id)),
    ];
    this.#loop = this.#run();
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#poke();
    this.#unwatch();
    await this.#loop;
    await Promise.all(this.#underWay);
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#ticking);
    await this.#attempt('end its lease', () => this.#lease.end());
  }

  /** Never two at a time. */
  #every(ms: number, work: () => Promise<void>): NodeJS.Timeout {
    let busy: Promise<void> | null = null;
    return setInterval(() => {
      if (busy !== null) return;
      const ticking = this.#attempt('keep its jobs', work).then(() => {
        busy = null;
        this.#ticking.delete(ticking);
      });
      busy = ticking;
      this.#ticking.add(ticking);
    }, ms).unref();
  }

  async #beat(): Promise<void> {
    this.#idleBeats = this.#underWay.size > 0 ? 0 : this.#idleBeats + 1;
    if (this.#idleBeats === 0) await this.#lease.beat();
    else if (this.#idleBeats === LOOKS_PER_LIFE) await this.#lease.end();
  }

  async #run(): Promise<void> {
    while (!this.#closing) {
      this.#poked = false;
      const waitMs = await this.#attempt('take jobs', () => this.#takeDue());
      if (waitMs !== 0) await this.#wait(waitMs ?? AGAIN_MS);
    }
  }

  /** Takes what is due, as far as there is room. Resolves with when to look again, in milliseconds. */
  async #takeDue(): Promise<number> {
    const { queue, records, concurrency, now } = this.#options;
    const room = concurrency - this.#underWay.size;
    if (room <= 0) return MAX_WAIT_MS;
    const { ids, nextMs } = records.due(queue, room + 1);
    if (ids.length === 0) return nextMs === null ? MAX_WAIT_MS : Math.max(1, nextMs - now());
    const before = this.#taken;
    for (const id of ids.slice(0, room)) {
      if (this.#closing) break;
      await this.#lease.assure();
      // Both of one lease: it may be lost while the job is taken, which then fails.
      const { id: holder, lost } = this.#lease;
      const record = await records.take(id, holder);
      if (record !== null) this.#deliver(record, lost);
    }
    return this.#taken > before ? 0 : OUTRUN_MS;
  }

  #deliver(record: JobRecord, lost: AbortSignal): void {
    this.#taken += 1;
    const run = this.#handle(record, lost).finally(() => {
      this.#underWay.delete(run);
      this.#poke();
    });
    this.#underWay.add(run);
  }

  async #handle(record: JobRecord, lost: AbortSignal): Promise<void> {
    const job = jobOf(record);
    const outcome = await this.#options.handle({ job, attempt: record.attempt, lost });
    let stored: boolean | undefined;
    while (stored === undefined && !lost.aborted) {
      stored = await this.#attempt('store what became of a job', () => this.#store(record, outcome));
      if (stored === undefined) await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
    if (stored !== true) this.#options.logger.warn({ job: job.id }, 'a job was given to another worker meanwhile');
  }

  #store(record: JobRecord, outcome: Outcome): Promise<boolean> {
    const { records, now } = this.#options;
    switch (outcome.kind) {
      case 'done':
        return records.finish(record);
      case 'retry':
        return records.putBack(record, { startAt: now() + outcome.delayMs, error: outcome.error, counted: true });
      case 'release':
        return records.putBack(record, { startAt: now(), error: record.error, counted: false });
      case 'dead':
        return records.bury(record, outcome.error);
    }
  }

  /** Undefined, and a line in the log, if the tree could not be reached. */
  async #attempt<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#options.logger.warn(
        { err: error, queue: this.#options.queue },
        `a queue could not ${what}; it tries again`,
      );
      return undefined;
    }
  }

  #poke(): void {
    this.#poked = true;
    this.#wake();
  }

  #wait(ms: number): Promise<void> {
    if (this.#poked) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(ms, MAX_WAIT_MS));
      this.#wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
