import type { PrivateTree } from '@backside/auth';
import { BacksideError, type Logger } from '@backside/protocol';
import type { Path } from '@backside/tree';
import { parsePlace, placeOf } from './place.js';
import type { ConsumeOptions, Consumer, NewJob, Outcome, Queue, QueueSupports, Submission } from './queue.js';
import { Sweep } from './sweep.js';
import { uniqueHashOf } from './unique-hash.js';

/** For how long the id of a job that has ended is known. */
const KEEP_MS = 25 * 3_600_000;
const FORGET_AT_ONCE = 500;
/** How long another submitter of the same job may take before it is taken for dead. */
const PATIENCE_MS = 5_000;
const LOOK_AGAIN_MS = 50;
const MAX_TRIES = 25;

const PATHS = {
  id: (id: string): Path => ['reserved', 'ids', id],
  key: (hash: string): Path => ['reserved', 'keys', hash],
  ended: ['reserved', 'ended'] as Path,
} as const;

/** Who submits, or has submitted, the job of an id. */
interface Reservation {
  readonly by: string;
  readonly stored: boolean;
}

export interface UniqueQueueOptions {
  /** One that keeps no ids. */
  readonly queue: Queue;
  /** A part of the private tree; uses `reserved`. */
  readonly tree: PrivateTree;
  readonly now: () => number;
  readonly logger: Logger;
}

/**
 * Gives a queue that keeps no ids and no unique keys both, by reserving them in the private tree before a job is submitted. Only if a
 * submitter dies between reserving and submitting may another one submit the job a second time.
 */
export function createUniqueQueue(options: UniqueQueueOptions): Queue {
  return new UniqueQueue(options);
}

class UniqueQueue implements Queue {
  readonly supports: QueueSupports;
  readonly #options: UniqueQueueOptions;
  readonly #consumers = new Set<Consumer>();
  #sweep: Sweep | null = null;

  constructor(options: UniqueQueueOptions) {
    this.#options = options;
    this.supports = { ...options.queue.supports, unique: true };
  }

  async submit(job: NewJob): Promise<Submission> {
    const by = crypto.randomUUID();
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const first = this.#holderOf(job);
      const reservation = first === null ? null : this.#reservation(first);
      if (first !== null && reservation === null) {
        await this.#release(job, first);
      } else if (first !== null && reservation !== null) {
        if (await this.#becomesStored(first, reservation)) return { id: first, duplicate: true };
        if (first === job.id && (await this.#takeOver(first, { from: reservation.by, by })))
          return this.#store(job, by);
        if (first !== job.id) await this.#release(job, first);
      } else if (await this.#reserve(job, by)) {
        return this.#store(job, by);
      }
      await this.#options.tree.refresh();
    }
    throw new BacksideError('unavailable', 'too many others submit the same job at the same time');
  }

  consume(options: ConsumeOptions): Consumer {
    this.#sweep ??= this.#newSweep();
    const consumer = this.#options.queue.consume({
      ...options,
      handle: async (delivery) => {
        const outcome = await options.handle(delivery);
        if (!delivery.lost.aborted) await this.#ended(delivery.job, outcome);
        return outcome;
      },
    });
    this.#consumers.add(consumer);
    return { close: () => this.#close(consumer) };
  }

  /** Whoever wraps a queue in this one may close the consumers alone: nothing goes on then. */
  async #close(consumer: Consumer): Promise<void> {
    await consumer.close();
    this.#consumers.delete(consumer);
    if (this.#consumers.size > 0) return;
    this.#sweep?.close();
    this.#sweep = null;
  }

  #newSweep(): Sweep {
    return new Sweep({
      some: () => this.#forget(),
      failure: 'ids of jobs that ended long ago could not be forgotten',
      logger: this.#options.logger,
    });
  }

  remove(queue: string, id: string): Promise<boolean> {
    return this.#options.queue.remove(queue, id);
  }

  dead(...request: Parameters<Queue['dead']>): ReturnType<Queue['dead']> {
    return this.#options.queue.dead(...request);
  }

  retryDead(queue: string, id: string): Promise<boolean> {
    return this.#options.queue.retryDead(queue, id);
  }

  async dropDead(queue: string, id: string): Promise<boolean> {
    const { tree, now } = this.#options;
    if (!(await this.#options.queue.dropDead(queue, id))) return false;
    await tree.update([{ path: [...PATHS.ended, placeOf(now(), id)], value: id }]);
    return true;
  }

  counts(queue: string): ReturnType<Queue['counts']> {
    return this.#options.queue.counts(queue);
  }

  close(): Promise<void> {
    return this.#options.queue.close();
  }

  /** The id of the job that holds the id or the key of this one. */
  #holderOf({ id, queue, uniqueKey }: NewJob): string | null {
    if (this.#reservation(id) !== null) return id;
    const holder = uniqueKey === null ? null : this.#options.tree.read(PATHS.key(uniqueHashOf(queue, uniqueKey)));
    return typeof holder === 'string' ? holder : null;
  }

  #reservation(id: string): Reservation | null {
    const reservation = this.#options.tree.read(PATHS.id(id));
    return typeof reservation === 'object' && reservation !== null ? (reservation as unknown as Reservation) : null;
  }

  #reserve({ id, queue, uniqueKey }: NewJob, by: string): Promise<boolean> {
    const key = uniqueKey === null ? null : PATHS.key(uniqueHashOf(queue, uniqueKey));
    return this.#update(
      [{ path: PATHS.id(id), value: { by, stored: false } }, ...(key === null ? [] : [{ path: key, value: id }])],
      [{ path: PATHS.id(id), value: null }, ...(key === null ? [] : [{ path: key, value: null }])],
    );
  }

  async #store(job: NewJob, by: string): Promise<Submission> {
    await this.#options.queue.submit(job);
    // If somebody has taken over meanwhile, that one says so.
    await this.#update(
      [{ path: [...PATHS.id(job.id), 'stored'], value: true }],
      [{ path: [...PATHS.id(job.id), 'by'], value: by }],
    );
    return { id: job.id, duplicate: false };
  }

  /** Waits for somebody else's submission; false if it does not come to an end. */
  async #becomesStored(id: string, seen: Reservation): Promise<boolean> {
    const { tree, now } = this.#options;
    const giveUpAt = now() + PATIENCE_MS;
    let reservation: Reservation | null = seen;
    while (reservation?.by === seen.by) {
      if (reservation.stored) return true;
      if (now() >= giveUpAt) return false;
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
      await tree.refresh();
      reservation = this.#reservation(id);
    }
    return reservation?.stored === true;
  }

  #takeOver(id: string, { from, by }: { from: string; by: string }): Promise<boolean> {
    const place = [...PATHS.id(id), 'by'];
    return this.#update([{ path: place, value: by }], [{ path: place, value: from }]);
  }

  /** Frees the key of a job whose submission is not known to have come to an end. */
  async #release({ queue, uniqueKey }: NewJob, holder: string): Promise<void> {
    if (uniqueKey === null) return;
    const key = PATHS.key(uniqueHashOf(queue, uniqueKey));
    await this.#update([{ path: key, value: null }], [{ path: key, value: holder }]);
  }

  async #ended(job: NewJob, outcome: Outcome): Promise<void> {
    if (outcome.kind !== 'done' && outcome.kind !== 'dead') return;
    const { tree, now, logger } = this.#options;
    try {
      await this.#release(job, job.id);
      if (outcome.kind === 'done')
        await tree.update([{ path: [...PATHS.ended, placeOf(now(), job.id)], value: job.id }]);
    } catch (error) {
      logger.warn({ err: error, job: job.id }, 'the unique key of a job that ended could not be freed');
    }
  }

  async #forget(): Promise<boolean> {
    const { tree, now } = this.#options;
    const before = now() - KEEP_MS;
    const places = tree
      .keys(PATHS.ended, { limit: FORGET_AT_ONCE })
      .filter((place) => parsePlace(place).timeMs < before);
    const changes = places.flatMap((place) => [
      { path: [...PATHS.ended, place], value: null },
      { path: PATHS.id(parsePlace(place).id), value: null },
    ]);
    if (changes.length === 0) return false;
    await tree.update(changes);
    return true;
  }

  /** False if something was not as expected. */
  async #update(...change: Parameters<PrivateTree['update']>): Promise<boolean> {
    try {
      await this.#options.tree.update(...change);
      return true;
    } catch (error) {
      if (error instanceof BacksideError && error.code === 'precondition-failed') return false;
      throw error;
    }
  }
}
