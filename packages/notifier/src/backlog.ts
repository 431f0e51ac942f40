import type { Commit } from '@backside/protocol';
import { overheadBytes } from './notice-codec.js';

export interface BacklogLimits {
  /** All that waits for the broker, or for its answer, together. */
  readonly maxBytes: number;
  /** Databases that something may wait for. Beyond that every database is told that it may have missed something. */
  readonly maxDatabases: number;
}

/** A commit that waits, or a revision alone where the commit was given up. */
interface Item {
  readonly revision: number;
  readonly bytes: Uint8Array | null;
  /** Whether a link was lost while it was under way: it may be the reason, and is not tried a third time. */
  readonly retried: boolean;
}

/** Something to be sent. */
export interface Outgoing {
  /** Null for all databases. */
  readonly database: string | null;
  readonly commits: readonly Uint8Array[];
  readonly head: number | null;
}

interface UnderWay extends Outgoing {
  readonly items: readonly Item[];
}

interface Waiting {
  readonly items: Item[];
  bytes: number;
}

/** What an item costs beside its bytes, about. */
const ITEM_BYTES = 64;

/**
 * What was published and that the broker does not have yet: in order within each database, databases in turn. Bounded; where commits do
 * not fit the newest revision stays in their place, so that others learn that there is something to read.
 */
export class Backlog {
  readonly #limits: BacklogLimits;
  readonly #databases = new Map<string, Waiting>();
  readonly #underWay = new Set<UnderWay>();
  #bytes = 0;
  #bytesUnderWay = 0;
  #broadcast = false;
  #dropped = 0;

  constructor(limits: BacklogLimits) {
    this.#limits = limits;
  }

  /** Bytes that are held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes that were taken and not settled. */
  get bytesUnderWay(): number {
    return this.#bytesUnderWay;
  }

  /** Commits that were given up. */
  get dropped(): number {
    return this.#dropped;
  }

  get isEmpty(): boolean {
    return this.#databases.size === 0 && this.#underWay.size === 0 && !this.#broadcast;
  }

  add(database: string, commits: readonly Commit[]): void {
    const waiting = this.#waitingOf(database);
    if (waiting === null) {
      this.#broadcast = true;
      this.#dropped += commits.length;
      return;
    }
    const items = commits.map((commit) => itemOf(commit.revision, commit.encoded()));
    const bytes = bytesOf(items);
    if (this.#bytes + bytes > this.#limits.maxBytes) {
      this.#dropped += commits.length;
      this.#shrink(waiting, commits.at(-1)!.revision);
    } else {
      waiting.items.push(...items);
      this.#grow(waiting, bytes);
    }
  }

  /**
   * The next message to send, of at most `maxBytes` on the wire; null if nothing waits. A commit that is larger is represented by its revision. It
   * counts until `settle`.
   */
  take(maxBytes: number): Outgoing | null {
    if (this.#broadcast) {
      this.#broadcast = false;
      return this.#start({ database: null, commits: [], head: null, items: [] });
    }
    const [database, waiting] = this.#databases.entries().next().value ?? [null, null];
    if (database === null) return null;
    const count = countThatFits(waiting.items, maxBytes);
    const items = waiting.items.splice(0, Math.max(1, count));
    waiting.bytes -= bytesOf(items);
    // Whoever has more goes to the end: databases take turns.
    this.#databases.delete(database);
    if (waiting.items.length > 0) this.#databases.set(database, waiting);
    const commits = count === 0 ? [] : items.flatMap(({ bytes }) => bytes ?? []);
    return this.#start({ database, commits, head: items.at(-1)!.revision, items });
  }

  /** The broker has it. */
  settle(outgoing: Outgoing): void {
    const underWay = outgoing as UnderWay;
    if (!this.#underWay.delete(underWay)) return;
    const bytes = bytesOf(underWay.items);
    this.#bytes -= bytes;
    this.#bytesUnderWay -= bytes;
  }

  /** The link is lost: whatever is under way waits again, before what came later. */
  restore(): void {
    for (const { database, items } of [...this.#underWay].reverse()) {
      if (database === null) this.#broadcast = true;
      else this.#putBack(database, items);
    }
    this.#underWay.clear();
    this.#bytesUnderWay = 0;
  }

  #putBack(database: string, items: readonly Item[]): void {
    const waiting = this.#databases.get(database) ?? { items: [], bytes: 0 };
    this.#databases.set(database, waiting);
    this.#dropped += countCarried(items.filter(({ retried }) => retried));
    const again = items.map(({ revision, bytes, retried }) => itemOf(revision, retried ? null : bytes, true));
    this.#bytes -= bytesOf(items);
    waiting.items.unshift(...again);
    this.#grow(waiting, bytesOf(again));
  }

  /** Null if too many databases wait already. */
  #waitingOf(database: string): Waiting | null {
    const known = this.#databases.get(database);
    if (known !== undefined) return known;
    if (this.#databases.size >= this.#limits.maxDatabases) return null;
    const waiting = { items: [], bytes: 0 };
    this.#databases.set(database, waiting);
    return waiting;
  }

  /** Only the revision is left of what waits for a database. */
  #shrink(waiting: Waiting, revision: number): void {
    this.#dropped += countCarried(waiting.items);
    this.#bytes -= waiting.bytes;
    waiting.bytes = 0;
    waiting.items.splice(0, waiting.items.length, itemOf(revision, null));
    this.#grow(waiting, ITEM_BYTES);
  }

  #grow(waiting: Waiting, bytes: number): void {
    waiting.bytes += bytes;
    this.#bytes += bytes;
  }

  #start(outgoing: UnderWay): Outgoing {
    this.#underWay.add(outgoing);
    this.#bytesUnderWay += bytesOf(outgoing.items);
    return outgoing;
  }
}

function itemOf(revision: number, bytes: Uint8Array | null, retried = false): Item {
  return { revision, bytes, retried };
}

function bytesOf(items: readonly Item[]): number {
  return items.reduce((sum, { bytes }) => sum + ITEM_BYTES + (bytes?.length ?? 0), 0);
}

function countCarried(items: readonly Item[]): number {
  return items.reduce((count, { bytes }) => count + (bytes === null ? 0 : 1), 0);
}

/** How many of the first items go together into one message; 0 if not even the first does. */
function countThatFits(items: readonly Item[], maxBytes: number): number {
  let size = overheadBytes(0);
  for (const [index, { bytes }] of items.entries()) {
    if (bytes !== null) size += bytes.length + overheadBytes(1) - overheadBytes(0);
    if (size > maxBytes) return index;
  }
  return items.length;
}
