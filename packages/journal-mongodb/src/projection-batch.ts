import { setTimeout as sleep } from 'node:timers/promises';
import { BacksideError } from '@backside/protocol';
import { type AnyBulkWriteOperation, MongoBulkWriteError } from 'mongodb';
import type { NodeWrite } from './affected-tree.js';
import { assertReadable, FORMAT, MIN_READER, revisionId } from './documents.js';
import { asUnavailable, isDuplicate, request, upsert } from './mongo-error.js';
import { nodeDocument, nodeId } from './node-documents.js';
import { missingParts, type Payloads } from './payloads.js';
import type { BatchDocument, NodeDocument, NodeTrace, ProjectionPlace } from './projection-place.js';

/** A step of the projection: all that takes `nodes` from one revision to a later one. */
export interface Batch {
  readonly from: number;
  readonly to: number;
  readonly writes: readonly NodeWrite[];
}

export interface BatchOptions {
  readonly place: ProjectionPlace;
  readonly payloads: Payloads;
  readonly database: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** FerretDB 1 hangs for good at about a hundred. */
const WRITES_PER_REQUEST = 50;
/** Writing is tried so often while somebody else writes the same. */
const MAX_TRIES = 100;
const TRY_AGAIN_MS = 20;

/**
 * The log of the projection: what a step writes is stored before it is done, under an id that only one step from that revision can
 * have. So whoever does it, once or several times or long after, writes the same; what has been written since is newer and stays.
 */
export class BatchLog {
  readonly #options: BatchOptions;

  constructor(options: BatchOptions) {
    this.#options = options;
  }

  /**
   * Tries to make this the step from there: `taken` if another one is, `held` if somebody reads the nodes as a checkpoint. Who begins
   * to read in this very moment notices a step that has begun.
   */
  async begin({ from, to, writes }: Batch): Promise<'begun' | 'taken' | 'held'> {
    const { place, payloads, database } = this.#options;
    const bytes = Buffer.from(JSON.stringify(writes));
    try {
      const payload = await payloads.store(crypto.randomUUID(), bytes, { owner: this.#owner, first: from });
      if (await this.isHeld()) return 'held';
      const _id = revisionId(database, from);
      await place.batches.insertOne({ _id, database, to, v: FORMAT, minReader: MIN_READER, ...payload });
      return 'begun';
    } catch (error) {
      if (isDuplicate(error)) return 'taken';
      throw asUnavailable(error);
    }
  }

  /** Whether somebody reads the nodes as a checkpoint. */
  async isHeld(): Promise<boolean> {
    const { place, database, now } = this.#options;
    const reading = { database, reading: true, until: { $gt: now() } };
    return (await request(() => place.holds.findOne(reading))) !== null;
  }

  /** Takes back a step that was begun where others have been long ago. */
  async withdraw(from: number): Promise<void> {
    const { place, database } = this.#options;
    await request(() => place.batches.deleteOne({ _id: revisionId(database, from) }));
  }

  /** The step that was begun from there; null if none was. */
  async at(from: number): Promise<Batch | null> {
    const { place, payloads, database } = this.#options;
    const found = await request(() => place.batches.findOne({ _id: revisionId(database, from) }));
    if (found === null) return null;
    assertReadable(found, `the projection of ${database}`);
    if (found.payloadId === undefined) return { from, to: found.to, writes: [] };
    const { packed, payloadId, parts = 0 } = found;
    const bytes = await request(() => payloads.load({ payloadId, parts, ...(packed && { packed }) }));
    if (bytes === null) throw missingParts(found._id);
    return { from, to: found.to, writes: JSON.parse(Buffer.from(bytes).toString()) as NodeWrite[] };
  }

  /** Writes what the step says, then that it is done. */
  async complete(batch: Batch): Promise<void> {
    const { place, payloads, database, now } = this.#options;
    const { from, to, writes } = batch;
    for (let start = 0; start < writes.length; start += WRITES_PER_REQUEST) {
      await this.#write(to, writes.slice(start, start + WRITES_PER_REQUEST));
    }
    await request(async () => {
      const known = { $max: { revision: to } };
      await upsert(() => place.progress.updateOne({ _id: database }, known, { upsert: true }));
      const done: BatchDocument = {
        _id: revisionId(database, from),
        database,
        to,
        done: now(),
        v: FORMAT,
        minReader: MIN_READER,
      };
      await place.batches.replaceOne({ _id: done._id }, done);
      await payloads.removeBefore({ owner: this.#owner, first: to });
    });
  }

  /** Removes the traces of what was done before `before`, in milliseconds since the epoch. */
  async forget(before: number): Promise<void> {
    const { place, database } = this.#options;
    await request(async () => {
      await place.batches.deleteMany({ database, done: { $lt: before } });
      await place.nodes.deleteMany({ goneFrom: database, gone: { $lt: before } });
      await place.holds.deleteMany({ database, until: { $lt: before } });
    });
  }

  get #owner(): string {
    return `${this.#options.database}:nodes`;
  }

  /** Until nothing of it is older than `revision`: others may do the same at the same time. */
  async #write(revision: number, writes: readonly NodeWrite[]): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const operations = await this.#missing(revision, writes);
      if (operations.length === 0) return;
      try {
        await this.#options.place.nodes.bulkWrite(operations, { ordered: false });
        return;
      } catch (error) {
        if (!isDuplicateOnly(error)) throw asUnavailable(error);
      }
      await sleep(TRY_AGAIN_MS);
    }
    throw new BacksideError('unavailable', 'the nodes cannot be written: somebody else writes them again and again');
  }

  async #missing(
    revision: number,
    writes: readonly NodeWrite[],
  ): Promise<AnyBulkWriteOperation<NodeDocument | NodeTrace>[]> {
    const { place, database, now } = this.#options;
    const ids = writes.map(({ path }) => nodeId(database, path));
    const known = new Map<string, number>();
    await request(async () => {
      const found = place.nodes.find({ _id: { $in: ids } }, { projection: { _id: 1, revision: 1 } });
      for await (const { _id, revision: stored } of found) known.set(_id, stored);
    });
    return writes.flatMap(({ path, content }, index): AnyBulkWriteOperation<NodeDocument | NodeTrace>[] => {
      const _id = ids[index]!;
      const stored = known.get(_id);
      if (stored !== undefined && stored >= revision) return [];
      const document =
        content === null
          ? { _id, revision, goneFrom: database, gone: now() }
          : nodeDocument({ database, path, revision }, content);
      if (stored === undefined) return [{ insertOne: { document } }];
      const filter = place.only<NodeDocument | NodeTrace>(_id, { revision: { $lt: revision } });
      return [{ replaceOne: { filter, replacement: document } }];
    });
  }
}

function isDuplicateOnly(error: unknown): boolean {
  if (!(error instanceof MongoBulkWriteError)) return isDuplicate(error);
  const errors = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
  return errors.every(({ code }) => code === error.code) && isDuplicate(error);
}
