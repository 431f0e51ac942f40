import { BacksideError, type Commit, type PackedCommits, unpackCommits } from '@backside/protocol';
import type { Collection } from 'mongodb';
import type { Connection } from './connection.js';
import {
  assertReadable,
  FORMAT,
  type HistoryDocument,
  idRange,
  type JournalDocument,
  MIN_READER,
  revisionId,
  revisionOf,
} from './documents.js';
import { asUnavailable, isDuplicate, request } from './mongo-error.js';
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
const ENDS = { _id: 1, last: 1, bytes: 1, total: 1, time: 1 } as const;

/** The stored history of one database: single requests, without any memory of what was asked before. */
export class JournalCollection {
  readonly database: string;
  readonly #connection: Connection;
  readonly #appends: Collection<JournalDocument>;
  readonly #histories: Collection<HistoryDocument>;
  readonly #payloads: Payloads;

  constructor(database: string, connection: Connection) {
    this.database = database;
    this.#connection = connection;
    this.#appends = connection.db.collection('journal');
    this.#histories = connection.db.collection('histories');
    this.#payloads = new Payloads(connection.db);
  }

  /** The identity of the history, which begins now if it has not. The first to store one wins. */
  async openHistory(): Promise<string> {
    const begun: HistoryDocument = {
      _id: this.database,
      epoch: crypto.randomUUID(),
      first: 1,
      v: FORMAT,
      minReader: MIN_READER,
    };
    await request(() => this.#payloads.createIndexes());
    const known = await this.#history();
    if (known !== null) return known.epoch;
    try {
      await this.#histories.insertOne(begun);
      return begun.epoch;
    } catch (error) {
      if (!isDuplicate(error)) throw asUnavailable(error);
      return (await this.history()).epoch;
    }
  }

  /** Throws `internal` if it is gone, or of a newer format. */
  async history(): Promise<HistoryDocument> {
    const found = await this.#history();
    if (found === null) throw new BacksideError('internal', `the history of ${this.database} has been removed`);
    return found;
  }

  async #history(): Promise<HistoryDocument | null> {
    const found = await request(() => this.#histories.findOne({ _id: this.database }));
    if (found !== null) assertReadable(found, `the journal of ${this.database}`);
    return found;
  }

  /** Stores an append as one document. Throws the library's own error: a duplicate means that its place is taken. */
  async insert({ appendId, base, packed, totalBefore, node, time }: NewAppend): Promise<void> {
    const payload = await this.#payloads.store(appendId, packed.bytes, { owner: this.database, first: base + 1 });
    await this.#appends.insertOne({
      _id: revisionId(this.database, base + 1),
      last: base + packed.lengths.length,
      bytes: packed.bytes.length,
      total: totalBefore + packed.bytes.length,
      lengths: packed.lengths,
      node,
      time,
      v: FORMAT,
      minReader: MIN_READER,
      ...payload,
    });
  }

  /** Takes back an append of one's own that was stored where the journal had been trimmed. */
  async remove(base: number): Promise<void> {
    const _id = revisionId(this.database, base + 1);
    await request(() => this.#appends.deleteOne({ _id }));
  }

  /** The append that begins at `first`. With `strict`, its absence is not what some earlier primary believes. */
  async at(first: number, { strict = false }: { strict?: boolean } = {}): Promise<StoredAppend | null> {
    const _id = revisionId(this.database, first);
    const options = strict ? { readConcern: { level: this.#connection.strict } } : {};
    const found = await request(() => this.#appends.findOne({ _id }, options));
    return found === null ? null : this.#read(found);
  }

  /** Where the append that begins at `first` ends; null if none does. */
  async endOf(first: number): Promise<AppendEnd | null> {
    const _id = revisionId(this.database, first);
    const options = { projection: ENDS, readConcern: { level: this.#connection.strict } };
    const found = await request(() => this.#appends.findOne({ _id }, options));
    return found === null ? null : endOf(found);
  }

  /** The append that has the revision, by its order only; null if there is none at or before it. */
  async covering(revision: number): Promise<StoredAppend | null> {
    const found = await request(() =>
      this.#appends
        .find({ _id: { $gte: idRange(this.database)[0], $lte: revisionId(this.database, revision) } })
        .sort({ _id: -1 })
        .limit(1)
        .toArray(),
    );
    return found[0] === undefined ? null : this.#read(found[0]);
  }

  /** The end of the last append; null if there is none. */
  async last(): Promise<AppendEnd | null> {
    const [from, below] = idRange(this.database);
    const found = await request(() =>
      this.#appends
        .find({ _id: { $gte: from, $lt: below } }, { projection: ENDS })
        .sort({ _id: -1 })
        .limit(1)
        .toArray(),
    );
    return found[0] === undefined ? null : endOf(found[0]);
  }

  /** Appends from the one that begins at `first` on, in order. */
  async *from(first: number): AsyncGenerator<StoredAppend, undefined> {
    const range = { $gte: revisionId(this.database, first), $lt: idRange(this.database)[1] };
    const cursor = this.#appends.find({ _id: range }, { batchSize: READ_BATCH }).sort({ _id: 1 });
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
    const range = { $gte: revisionId(this.database, first), $lte: revisionId(this.database, limit) };
    const cursor = this.#appends.find({ _id: range }, { projection: ENDS }).sort({ _id: 1 });
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
    const trimmed = { $gte: idRange(this.database)[0], $lt: revisionId(this.database, first) };
    await request(async () => {
      await this.#histories.updateOne({ _id: this.database }, { $max: { first } });
      await this.#appends.deleteMany({ _id: trimmed });
      await this.#payloads.removeBefore({ owner: this.database, first });
    });
  }

  /** Calls back when somebody has stored an append; for servers that tell by themselves. Ends with an error, or when it is closed. */
  watch(stored: () => void, ended: (error: unknown) => void): () => Promise<void> {
    const [$gte, $lt] = idRange(this.database);
    const stream = this.#appends.watch([
      { $match: { operationType: 'insert', 'documentKey._id': { $gte, $lt } } },
      { $project: { documentKey: 1 } },
    ]);
    stream.on('change', stored);
    stream.on('error', ended);
    return () => stream.close();
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

function endOf({ _id, last, bytes, total, time }: Pick<JournalDocument, keyof typeof ENDS>): AppendEnd {
  return { first: revisionOf(_id), last, bytes, total, time };
}
