import { randomBytes } from 'node:crypto';
import type { Logger } from '@backside/protocol';
import type { Json, Path } from '@backside/tree';
import { type AuditEntry, type AuditEvent, type AuditLog, boundedEvent } from './audit.js';
import type { PrivateTree, PrivateValue } from './private-tree.js';

export interface TreeAuditOptions {
  readonly tree: PrivateTree;
  /** Told how many events were lost, and why, when the tree does not take them. */
  readonly logger: Logger;
  /** Where records go, one child each. Default `audit`. */
  readonly path?: Path;
  /** Records kept; beyond it the oldest go. Default 1,000. */
  readonly capacity?: number;
}

/** Events on their way to the tree. */
export interface TreeAuditLog extends AuditLog {
  /** The latest records of all nodes, newest first; at most `limit`, default 100. */
  entries(limit?: number): AuditEntry[];
  /** Resolves when all that was recorded before is written, or given up. */
  settled(): Promise<void>;
}

interface Pending {
  readonly key: string;
  event: AuditEvent;
  count: number;
}

/** Events of different kinds that may wait for the write under way; further ones are counted as lost. */
const MAX_PENDING = 500;

/**
 * Keeps the latest events in the private tree, where admins of every node can read them, oldest key first.
 *
 * One write is under way at a time; what happens meanwhile goes into the next. In one write, repetitions of an event (same
 * type, outcome, account and address) become one record with their `count`, so that a guesser causes a few writes per second
 * at most, and not one per guess. Every node trims to `capacity`; nodes that write at once may briefly exceed it.
 */
export function createTreeAuditLog(options: TreeAuditOptions): TreeAuditLog {
  return new TreeAudit(options);
}

class TreeAudit implements TreeAuditLog {
  readonly #tree: PrivateTree;
  readonly #logger: Logger;
  readonly #path: Path;
  readonly #capacity: number;
  #pending: Map<string, Pending> = new Map();
  #lost = 0;
  #sequence = 0;
  #writing: Promise<void> | null = null;

  constructor(options: TreeAuditOptions) {
    this.#tree = options.tree;
    this.#logger = options.logger;
    this.#path = options.path ?? ['audit'];
    this.#capacity = options.capacity ?? 1000;
  }

  record(event: AuditEvent): void {
    const like = JSON.stringify([event.type, event.outcome, event.uid, event.by, event.address]);
    const waiting = this.#pending.get(like);
    if (waiting !== undefined) {
      waiting.event = boundedEvent(event);
      waiting.count += 1;
    } else if (this.#pending.size >= MAX_PENDING) {
      this.#lost += 1;
    } else {
      this.#pending.set(like, { key: this.#nextKey(event.time), event: boundedEvent(event), count: 1 });
    }
    this.#writing ??= this.#drain();
  }

  entries(limit: number = 100): AuditEntry[] {
    const keys = this.#tree.keys(this.#path);
    return keys
      .slice(Math.max(0, keys.length - limit))
      .reverse()
      .map((id) => ({ count: 1, ...(this.#tree.read([...this.#path, id]) as unknown as AuditEvent), id }));
  }

  async settled(): Promise<void> {
    await this.#writing;
  }

  /** Begins in a later microtask, so that `record` costs its caller nothing. */
  async #drain(): Promise<void> {
    await Promise.resolve();
    while (this.#pending.size > 0) {
      const batch = [...this.#pending.values()].slice(-this.#capacity);
      this.#pending = new Map();
      await this.#write(batch);
    }
    this.#writing = null;
  }

  async #write(batch: readonly Pending[]): Promise<void> {
    const lost = this.#lost;
    this.#lost = 0;
    if (lost > 0) this.#logger.warn({ lost }, 'audit events lost: too many at once');
    try {
      await this.#tree.update([...this.#removals(batch.length), ...this.#additions(batch)]);
    } catch (error) {
      this.#logger.error({ error, lost: batch.length }, 'audit events lost: the private tree refused them');
    }
  }

  #additions(batch: readonly Pending[]): PrivateValue[] {
    return batch.map(({ key, event, count }) => ({
      path: [...this.#path, key],
      value: { ...event, ...(count === 1 ? {} : { count }) } as unknown as Json,
    }));
  }

  #removals(adding: number): PrivateValue[] {
    const keys = this.#tree.keys(this.#path);
    const excess = Math.max(0, keys.length + adding - this.#capacity);
    return keys.slice(0, excess).map((key) => ({ path: [...this.#path, key], value: null }));
  }

  /** Keys sort by time, then by order of recording on one node. */
  #nextKey(time: number): string {
    this.#sequence = (this.#sequence + 1) % 36 ** 4;
    const stamp = Math.max(0, Math.floor(time)).toString(36).padStart(9, '0');
    return `${stamp}-${this.#sequence.toString(36).padStart(4, '0')}-${randomBytes(4).toString('hex')}`;
  }
}
