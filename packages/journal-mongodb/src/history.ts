import { BacksideError } from '@backside/protocol';
import type { Collection } from 'mongodb';
import type { Connection } from './connection.js';
import { assertReadable, FORMAT, type HistoryDocument, idRange, MIN_READER } from './documents.js';
import { asUnavailable, isDuplicate, request } from './mongo-error.js';

/** One history of a database, as long as it is the one that is stored. */
export class History {
  readonly database: string;
  readonly epoch: string;
  readonly #histories: Collection<HistoryDocument>;

  constructor({ _id: database, epoch }: Pick<HistoryDocument, '_id' | 'epoch'>, { db }: Pick<Connection, 'db'>) {
    this.database = database;
    this.epoch = epoch;
    this.#histories = db.collection('histories');
  }

  /** The lowest revision that is still kept. Throws `internal` if the history is gone, is another one by now, or is of a newer format. */
  async first(): Promise<number> {
    const found = await find(this.#histories, this.database);
    if (found === null) throw new BacksideError('internal', `the history of ${this.database} has been removed`);
    if (found.epoch !== this.epoch) throw this.#begunAnew();
    return found.first;
  }

  /** Says that everything before `first` is not kept any more. Throws `internal` if this history has ended. */
  async raiseFirst(first: number): Promise<void> {
    const { database: _id, epoch } = this;
    const { matchedCount } = await request(() => this.#histories.updateOne({ _id, epoch }, { $max: { first } }));
    if (matchedCount === 0) throw this.#begunAnew();
  }

  #begunAnew(): BacksideError {
    const message = `the journal of ${this.database} has been begun anew: what this node followed is no longer there`;
    return new BacksideError('internal', message);
  }
}

/**
 * The history of a database, which begins now if there is none: the first to store one wins. Throws `internal` if there is none but
 * something is left of one, which would become part of another history.
 */
export async function openHistory(database: string, connection: Pick<Connection, 'db'>): Promise<History> {
  const histories = connection.db.collection<HistoryDocument>('histories');
  const known = await find(histories, database);
  if (known !== null) return new History(known, connection);
  const remains = await remainsOf(database, connection);
  const found = (await find(histories, database)) ?? (await begin(histories, database, remains));
  return new History(found, connection);
}

async function begin(
  histories: Collection<HistoryDocument>,
  database: string,
  remains: string | null,
): Promise<HistoryDocument> {
  if (remains !== null) {
    const choice = 'bring it back, or remove what belongs to the database from all collections';
    throw new BacksideError(
      'internal',
      `the history of ${database} has been removed, but ${remains} is left: ${choice}`,
    );
  }
  const begun: HistoryDocument = {
    _id: database,
    epoch: crypto.randomUUID(),
    first: 1,
    v: FORMAT,
    minReader: MIN_READER,
  };
  try {
    await histories.insertOne(begun);
    return begun;
  } catch (error) {
    const known = isDuplicate(error) ? await find(histories, database) : null;
    if (known === null) throw asUnavailable(error);
    return known;
  }
}

async function find(histories: Collection<HistoryDocument>, database: string): Promise<HistoryDocument | null> {
  const found = await request(() => histories.findOne({ _id: database }));
  if (found !== null) assertReadable(found, `the journal of ${database}`);
  return found;
}

/** What there is of a database besides its history, in words; null if there is nothing. */
async function remainsOf(database: string, { db }: Pick<Connection, 'db'>): Promise<string | null> {
  const [$gte, $lt] = idRange(database);
  return request(async () => {
    const appends = db.collection<{ _id: string }>('journal');
    if ((await appends.findOne({ _id: { $gte, $lt } }, { projection: { _id: 1 } })) !== null) return 'its journal';
    const projected = await db.collection<{ _id: string }>('progress').findOne({ _id: database });
    return projected === null ? null : 'its projection';
  });
}
