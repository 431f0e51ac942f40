import { BacksideError, type Commit, type PackedCommits, unpackCommits } from '@backside/protocol';
import type { Collection, Condition, Filter } from 'mongodb';
import type { Connection } from './connection.js';
import {
  assertReadable,
  FORMAT,
  idRange,
  type JournalDocument,
  MIN_READER,
  revisionId,
  revisionOf,
} from './documents.js';
import type { History } from './history.js';
import { asUnavailable, request } from './mongo-error.js';
import { missingParts, Payloads } from './payloads.js';

/** A stored append, read. */
export interface StoredAppend {
  readonly first: number;
  readonly last: number;
  /** Bytes of the journal up to here. */
  readonly total: number;
  readonly bytes: number;
  readonly appendId: string;
  readonly commits: readonly Commit[];
}

/** Where an append ends, and since when; without its commits. */
export interface AppendEnd {
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
  readonly total: number;
  readonly time: number;
  readonly appendId: string;
}

export interface NewAppend {
  /** Recognises the append if its answer is lost. */
  readonly appendId: string;
  readonly base: number;
  readonly packed: PackedCommits;
  /** Bytes of the journal up to `base`. */
  readonly totalBefore: number;
  readonly node: string;
  readonly time: number;
}

/** Documents that a reader holds at once: each may have megabytes. */
const READ_BATCH = 16;
const ENDS = { _id: 1, last: 1, bytes: 1, total: 1, time: 1, payloadId: 1, epoch: 1 } as const;

/**
 * The stored appends of one history: single requests, without any memory of what was asked before. What a node of an earlier history
 * stored before it noticed that this one had begun is no part of it.
 */
export class JournalCollection {
  readonly history: History;
  readonly #connection: Connection;
  readonly #appends: Collection<JournalDocument>;
  readonly #payloads: Payloads;

  constructor(history: History, connection: Connection) {
    this.history = history;
    this.#connection = connection;
    this.#appends = connection.db.collection('journal');
    this.#payloads = new Payloads(connection.db);
  }

  async createIndexes(): Promise<void> {
    await request(() => this.#payloads.createIndexes());
  }

  /** Stores an append as one document. Throws the library's own error: a duplicate means that its place is taken. */
  async insert({ appendId, base, packed, totalBefore, node, time }: NewAppend): Promise<void> {
    const payload = await this.#payloads.store(appendId, packed.bytes, { owner: this.#database, first: base + 1 });
    await this.#appends.insertOne({
      _id: revisionId(this.#database, base + 1),
      last: base + packed.lengths.length,
      bytes: packed.bytes.length,
      total: totalBefore + packed.bytes.length,
      lengths: packed.lengths,
      node,
      time,
      epoch: this.history.epoch,
      v: FORMAT,
      minReader: MIN_READER,
      ...payload,
    });
  }

  /** Takes back an append of one's own that was stored where the journal had been trimmed. */
  async remove(base: number): Promise<void> {
    const _id = revisionId(this.#database, base + 1);
    await request(() => this.#appends.deleteOne({ _id }));
  }

  /** The append that begins at `first`. With `strict`, its absence is not what some earlier primary believes. */
  async at(first: number, { strict = false }: { strict?: boolean } = {}): Promise<StoredAppend | null> {
    const _id = revisionId(this.#database, first);
    const options = strict ? { readConcern: { level: this.#connection.strict } } : {};
    const found = await request(() => this.#appends.findOne({ _id }, options));
    if (found === null) return null;
    if (!this.#isOwn(found)) throw await this.#foreign(found);
    return this.#read(found);
  }

  /** Where the append that begins at `first` ends; null if none does. */
  async endOf(first: number): Promise<AppendEnd | null> {
    const _id = revisionId(this.#database, first);
    const options = { projection: ENDS, readConcern: { level: this.#connection.strict } };
    const found = await request(() => this.#appends.findOne({ _id }, options));
    return found === null || !this.#isOwn(found) ? null : endOf(found);
  }

  /** The append that has the revision, by its order only; null if there is none at or before it. */
  async covering(revision: number): Promise<StoredAppend | null> {
    const found = await request(() =>
      this.#appends
        .find(this.#own({ $gte: idRange(this.#database)[0], $lte: revisionId(this.#database, revision) }))
        .sort({ _id: -1 })
        .limit(1)
        .toArray(),
    );
    return found[0] === undefined ? null : this.#read(found[0]);
  }

  /** The end of the last append; null if there is none. */
  async last(): Promise<AppendEnd | null> {
    const [from, below] = idRange(this.#database);
    const found = await request(() =>
      this.#appends
        .find(this.#own({ $gte: from, $lt: below }), { projection: ENDS })
        .sort({ _id: -1 })
        .limit(1)
        .toArray(),
    );
    return found[0] === undefined ? null : endOf(found[0]);
  }

  /** Appends from the one that begins at `first` on, in order. */
  async *from(first: number): AsyncGenerator<StoredAppend, undefined> {
    const range = { $gte: revisionId(this.#database, first), $lt: idRange(this.#database)[1] };
    const cursor = this.#appends.find(this.#own(range), { batchSize: READ_BATCH }).sort({ _id: 1 });
    try {
      for (;;) {
        const found = await request(() => cursor.next());
        if (found === null) return;
        yield await this.#read(found);
      }
    } finally {
      await request(() => cursor.close());
    }
  }

  /** Where the oldest appends end, up to the one that ends at or after `limit`. */
  async *ends(first: number, limit: number): AsyncGenerator<AppendEnd, undefined> {
    const range = { $gte: revisionId(this.#database, first), $lte: revisionId(this.#database, limit) };
    const cursor = this.#appends.find(this.#own(range), { projection: ENDS }).sort({ _id: 1 });
    try {
      for (;;) {
        const found = await request(() => cursor.next());
        if (found === null) return;
        yield endOf(found);
      }
    } finally {
      await request(() => cursor.close());
    }
  }

  /** Removes everything before `first`. Says so before it does: who finds a gap looks there. */
  async trimBefore(first: number): Promise<void> {
    const $gte = idRange(this.#database)[0];
    await this.history.raiseFirst(first);
    await request(async () => {
      await this.#appends.deleteMany(this.#own({ $gte, $lt: revisionId(this.#database, first) }));
      await this.#payloads.removeBefore({ owner: this.#database, first });
    });
  }

  /** Removes what nodes of an earlier history have stored from `first` on, before this one comes there. */
  async removeForeign(first: number): Promise<void> {
    const _id = { $gte: revisionId(this.#database, first), $lt: idRange(this.#database)[1] };
    const epoch = { $exists: true, $ne: this.history.epoch };
    await request(() => this.#appends.deleteMany({ _id, epoch }));
  }

  /**
   * Calls back once it has begun, and then for every append that somebody stores; for servers that tell by themselves. Resolves once it is
   * stopped, rejects with `unavailable` if it ends otherwise.
   */
  async watch(stored: () => void, stopped: AbortSignal): Promise<void> {
    const [$gte, $lt] = idRange(this.#database);
    const stream = this.#appends.watch([
      { $match: { operationType: 'insert', 'documentKey._id': { $gte, $lt } } },
      { $project: { documentKey: 1 } },
    ]);
    const close = (): void => void stream.close();
    stopped.addEventListener('abort', close, { once: true });
    try {
      for (let hasBegun = false; !stopped.aborted; hasBegun = true) {
        const change = await stream.tryNext();
        if (change !== null || !hasBegun) stored();
      }
    } catch (error) {
      if (!stopped.aborted) throw asUnavailable(error); // else it was closed while it waited
    } finally {
      stopped.removeEventListener('abort', close);
      await stream.close();
    }
  }

  get #database(): string {
    return this.history.database;
  }

  /** Appends of this history in a range of ids. Earlier versions did not say of which history an append is. */
  #own(_id: Condition<string>): Filter<JournalDocument> {
    return { _id, $or: [{ epoch: this.history.epoch }, { epoch: { $exists: false } }] };
  }

  #isOwn({ epoch = this.history.epoch }: Pick<JournalDocument, 'epoch'>): boolean {
    return epoch === this.history.epoch;
  }

  /** Either this node or who stored that does not know yet that its history has ended. */
  async #foreign({ _id, epoch, node }: JournalDocument): Promise<BacksideError> {
    await this.history.first();
    const message = `an append of another history, ${epoch}, stands in the place ${_id}; it was stored by ${node}, and may be removed`;
    return new BacksideError('unavailable', message);
  }

  async #read(found: JournalDocument): Promise<StoredAppend> {
    assertReadable(found, `the stored append ${found._id}`);
    const bytes = await request(() => this.#payloads.load(found));
    if (bytes === null) throw missingParts(found._id);
    const commits = unpackCommits({ bytes, lengths: found.lengths });
    const { last, total, payloadId: appendId } = found;
    return { first: revisionOf(found._id), last, total, bytes: bytes.length, appendId, commits };
  }
}

function endOf({
  _id,
  last,
  bytes,
  total,
  time,
  payloadId: appendId,
}: Pick<JournalDocument, keyof typeof ENDS>): AppendEnd {
  return { first: revisionOf(_id), last, bytes, total, time, appendId };
}
