import { BacksideError, type Commit } from '@backside/protocol';
import type { JournalCollection, StoredAppend } from './journal-collection.js';
import type { JournalTip } from './journal-tip.js';

export interface CommitReaderOptions {
  readonly collection: JournalCollection;
  readonly tip: JournalTip;
}

export interface CommitRange {
  readonly after: number;
  /** The last revision to read. */
  readonly head: Promise<number>;
}

/** So many appends are read one by one, before a cursor is opened: cheaper for who is a little behind. */
const SINGLE_READS = 8;
/** After that so many, or so many bytes of them, share the question whether they have been trimmed meanwhile. */
const GROUP_APPENDS = 16;
const GROUP_BYTES = 1024 * 1024;

/** The commits of a range, one append at a time, as `Journal.commits` gives them. */
export async function* readCommits(
  options: CommitReaderOptions,
  range: CommitRange,
): AsyncGenerator<readonly Commit[], undefined> {
  const { tip } = options;
  const head = await range.head;
  let next = range.after + 1;
  for (let reads = 0; next <= head && reads < SINGLE_READS; ) {
    const recent = tip.recent.covering(next);
    if (recent === undefined) reads += 1;
    const append = recent ?? (await readAt(options, next));
    yield append.commits.slice(next - append.first, head + 1 - append.first);
    next = append.last + 1;
  }
  if (next <= head) yield* readOn(options, next, head);
}

/** The append that has the revision, which begins there unless somebody asks for the midst of it. */
async function readAt({ collection }: CommitReaderOptions, revision: number): Promise<StoredAppend> {
  const found = await collection.at(revision).catch((error: unknown) => absent(collection, revision, error));
  const append = found ?? (await collection.covering(revision));
  if (append === null || append.last < revision) {
    return absent(collection, revision, missing(collection, revision));
  }
  await assertKept(collection, revision);
  return append;
}

async function* readOn(
  { collection }: CommitReaderOptions,
  from: number,
  head: number,
): AsyncGenerator<readonly Commit[], undefined> {
  let next = from;
  try {
    for await (const appends of inGroups(collection.from(from))) {
      await assertKept(collection, next);
      for (const append of appends) {
        if (append.first !== next) throw missing(collection, next);
        yield append.commits.slice(0, head + 1 - next);
        next = append.last + 1;
        if (next > head) return;
      }
    }
  } catch (error) {
    await absent(collection, next, error);
  }
  await absent(collection, next, missing(collection, next));
}

/** Appends as they come, several at a time while they are small. */
async function* inGroups(appends: AsyncIterable<StoredAppend>): AsyncGenerator<readonly StoredAppend[], undefined> {
  let group: StoredAppend[] = [];
  let bytes = 0;
  for await (const append of appends) {
    group.push(append);
    bytes += append.bytes;
    if (group.length < GROUP_APPENDS && bytes < GROUP_BYTES) continue;
    yield group;
    group = [];
    bytes = 0;
  }
  if (group.length > 0) yield group;
}

function missing({ history }: JournalCollection, revision: number): BacksideError {
  return new BacksideError('internal', `commit ${revision} of ${history.database} is missing in the journal`);
}

/** Throws `not-found` if the revision has been trimmed, `otherwise` if it has not. */
async function absent(collection: JournalCollection, revision: number, otherwise: unknown): Promise<never> {
  await assertKept(collection, revision);
  throw otherwise;
}

async function assertKept(collection: JournalCollection, revision: number): Promise<void> {
  if (revision < (await collection.history.first()))
    throw new BacksideError('not-found', `commit ${revision} is no longer kept`);
}
