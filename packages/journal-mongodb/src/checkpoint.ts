import { setTimeout as sleep } from 'node:timers/promises';
import { BacksideError } from '@backside/protocol';
import type { Checkpoint } from '@backside/store';
import type { Change } from '@backside/tree';
import type { FindCursor } from 'mongodb';
import { revisionId } from './documents.js';
import { request } from './mongo-error.js';
import { changeOf } from './node-documents.js';
import { type HoldDocument, type NodeDocument, type ProjectionPlace, readProgress } from './projection-place.js';

export interface CheckpointOptions {
  readonly database: string;
  readonly place: ProjectionPlace;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

/** For so long the projection stands still, or the journal is kept, without being asked again, in milliseconds: more than clocks differ by. */
const HOLD_MS = 60_000;
/** How often a reader says that it still reads, in milliseconds. */
const RENEW_MS = 10_000;
/** Until reading has begun, in milliseconds. */
const FIRST_HOLD_MS = 15_000;
/** For so long a reader waits for the step that is under way, in milliseconds, before it says again that it waits. */
const SETTLE_MS = 5_000;
/** So often a reader begins again when a step begins at the same moment. */
const MAX_TRIES = 12;
const LOOK_AGAIN_MS = 50;
const ENTRIES = 1_000;

/**
 * The `nodes` collection as it is after the last batch. The projection stands still while it is read, so this is the exact tree at
 * `revision`; should it go on nevertheless, reading rejects with `unavailable` and has to begin again.
 */
export async function openCheckpoint(options: CheckpointOptions): Promise<Checkpoint | null> {
  const { place, database } = options;
  if ((await request(() => readProgress(place, database))) === null) return null;
  const hold = new Hold(options);
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    await hold.renew({ revision: 0, reading: true, forMs: FIRST_HOLD_MS });
    const revision = await settled(options);
    if (revision === null) continue;
    await hold.renew({ revision, reading: true, forMs: FIRST_HOLD_MS });
    const reading = new Reading(options, hold, revision);
    const first = await reading.next();
    if (first !== null) return { revision, entries: reading.from(first) };
    await reading.close();
  }
  throw new BacksideError('unavailable', 'the projection does not come to rest');
}

/** The revision at which the projection stands; null if a step is still under way after some time. */
async function settled(options: CheckpointOptions): Promise<number | null> {
  for (let waitedMs = 0; waitedMs < SETTLE_MS; waitedMs += LOOK_AGAIN_MS) {
    const revision = await request(() => readProgress(options.place, options.database));
    if (revision !== null && !(await isBegun(options, revision))) return revision;
    await sleep(LOOK_AGAIN_MS);
  }
  return null;
}

/** The documents as they are at one revision, one batch after the other. */
class Reading {
  readonly #options: CheckpointOptions;
  readonly #hold: Hold;
  readonly #revision: number;
  readonly #cursor: FindCursor<NodeDocument>;

  constructor(options: CheckpointOptions, hold: Hold, revision: number) {
    const { place, database } = options;
    this.#options = options;
    this.#hold = hold;
    this.#revision = revision;
    this.#cursor = place.nodes.find<NodeDocument>({ database, path: { $gte: '/' } }, { batchSize: ENTRIES });
  }

  /** The next changes, none at the end; null if the projection has gone on. */
  async next(): Promise<Change[] | null> {
    const changes: Change[] = [];
    while (changes.length < ENTRIES) {
      const document = await request(() => this.#cursor.next());
      if (document === null) break;
      changes.push(changeOf(document));
    }
    return (await isBegun(this.#options, this.#revision)) ? null : changes;
  }

  /** What `next` gave first, and all the rest. */
  async *from(first: readonly Change[]): AsyncGenerator<readonly Change[], undefined> {
    const revision = this.#revision;
    try {
      for (let changes: readonly Change[] | null = first; changes?.length !== 0; changes = await this.next()) {
        if (changes === null) {
          throw new BacksideError('unavailable', 'the projection went on while it was read as a checkpoint');
        }
        if (this.#hold.ageMs >= RENEW_MS) await this.#hold.renew({ revision, reading: true, forMs: HOLD_MS });
        yield changes;
      }
    } finally {
      await this.close();
      await this.#hold.renew({ revision, reading: false, forMs: HOLD_MS });
    }
  }

  async close(): Promise<void> {
    await request(() => this.#cursor.close());
  }
}

/** Whether the batch that follows `revision` may have begun. */
async function isBegun({ place, database }: CheckpointOptions, revision: number): Promise<boolean> {
  const batch = await request(() => place.batches.findOne({ _id: revisionId(database, revision) }));
  return batch !== null;
}

/** Keeps the projection from going on, and the journal from being trimmed. */
class Hold {
  readonly #options: CheckpointOptions;
  readonly #id: string = crypto.randomUUID();
  #renewedAt = 0;

  constructor(options: CheckpointOptions) {
    this.#options = options;
  }

  get ageMs(): number {
    return this.#now() - this.#renewedAt;
  }

  async renew({ forMs, ...what }: Pick<HoldDocument, 'revision' | 'reading'> & { forMs: number }): Promise<void> {
    const { place, database } = this.#options;
    this.#renewedAt = this.#now();
    const document = { _id: this.#id, database, ...what, until: this.#renewedAt + forMs };
    await request(() => place.holds.replaceOne({ _id: this.#id }, document, { upsert: true }));
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}
