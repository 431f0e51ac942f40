import { setTimeout as sleep } from 'node:timers/promises';
import { BacksideError, type Logger, packCommits } from '@backside/protocol';
import { type AppendOutcome, type AppendStore, type MergedAppend, retrying } from '@backside/store';
import type { JournalCollection, NewAppend } from './journal-collection.js';
import type { JournalTip } from './journal-tip.js';
import { asUnavailable, isDuplicate } from './mongo-error.js';

export interface MongoAppendStoreOptions {
  readonly collection: JournalCollection;
  readonly tip: JournalTip;
  readonly database: string;
  readonly nodeId: string;
  readonly logger: Logger;
  readonly now: () => number;
  readonly elapsed: () => number;
  /** How long storing is tried again, in milliseconds. */
  readonly patienceMs: number;
  /** Whether nobody waits for tries any more. */
  readonly isClosed: () => boolean;
}

/** Commits at hand that are told along with a conflict, at most. */
const MAX_MISSING = 1_000;
/** First and longest wait between two tries to recover, in milliseconds. */
const MIN_RECOVERY_MS = 50;
const MAX_RECOVERY_MS = 2_000;

/**
 * Stores appends as documents, whose unique ids decide between nodes. An insert whose answer is lost is repeated as it was, so it is
 * stored once or not at all. A conflict costs no request if this node knows of it already; else the insert, and one that reads what is
 * in its place. What may follow that is not asked for: the next insert tells, sooner for the node that lost and cheaper for the server.
 */
export class MongoAppendStore implements AppendStore {
  readonly #options: MongoAppendStoreOptions;

  constructor(options: MongoAppendStoreOptions) {
    this.#options = options;
  }

  async store({ appendId, base, commits }: MergedAppend): Promise<AppendOutcome> {
    const { tip, nodeId, now, elapsed } = this.#options;
    await (commits.length === 0 ? tip.refresh() : tip.reach(base));
    if (tip.revision !== base) return this.#conflict(base);
    if (commits.length === 0) return { status: 'appended', head: base };
    const packed = packCommits(commits);
    const append: NewAppend = { appendId, base, packed, totalBefore: tip.total, node: nodeId, time: now() };
    const askedAt = elapsed();
    if (!(await this.#insert(append))) return this.#conflict(base);
    const [last, bytes] = [base + commits.length, packed.bytes.length];
    tip.appended({ first: base + 1, last, total: append.totalBefore + bytes, bytes, commits, appendId }, askedAt);
    return { status: 'appended', head: last };
  }

  /** Asks until the server tells where the journal ends. */
  async recover(): Promise<void> {
    const { tip, logger, database, isClosed } = this.#options;
    for (let waitMs = MIN_RECOVERY_MS; !isClosed(); waitMs = Math.min(MAX_RECOVERY_MS, waitMs * 2)) {
      try {
        await tip.refresh();
        return;
      } catch (error) {
        logger.warn({ err: error, database, waitMs }, 'the journal cannot be reached');
        await sleep(waitMs, undefined, { ref: false });
      }
    }
  }

  /** Resolves with whether it is stored; if not, the tip has moved past its base. */
  async #insert(append: NewAppend): Promise<boolean> {
    const { collection, tip, patienceMs, elapsed, isClosed: isOver } = this.#options;
    const patience = { patienceMs, isPassing, isOver, elapsed };
    const stored = await tip.whileAppending(() => retrying(patience, () => this.#insertOnce(append)));
    if (!stored || (await tip.isTrustworthy(append.base))) return stored;
    await collection.remove(append.base);
    return false;
  }

  async #insertOnce(append: NewAppend): Promise<boolean> {
    const { collection, tip } = this.#options;
    await tip.assertFollowed();
    try {
      await collection.insert(append);
      return true;
    } catch (error) {
      if (!isDuplicate(error)) {
        tip.doubt();
        throw asUnavailable(error);
      }
      const there = await collection.at(append.base + 1);
      if (there?.appendId === append.appendId) return true;
      await (there === null ? tip.refresh() : tip.overtaken(there));
      if (tip.revision > append.base) return false;
      // Something is in its place, which is not durable yet.
      throw asUnavailable(error);
    }
  }

  #conflict(base: number): AppendOutcome {
    const { tip } = this.#options;
    const head = tip.revision;
    const missing = head - base <= MAX_MISSING ? tip.recent.between(base + 1, head) : undefined;
    return { status: 'revision-conflict', head, ...(missing !== undefined && { missing }) };
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof BacksideError && error.code === 'unavailable';
}
