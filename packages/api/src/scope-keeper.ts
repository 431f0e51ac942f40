import { BacksideError, type Logger } from '@backside/protocol';
import { createPushIds } from '@backside/tree';
import type { ScopeRecord } from './connection-scope.js';
import { LapsedLeases } from './lapsed-leases.js';
import type { IsHeld, LeftChanges, LeftWrite } from './left-write.js';
import { LeaseLostError, NodeLease, readLeases, readLeft, type ScopeStore } from './node-lease.js';

/**
 * How often a node that keeps something shows that it lives, each node looks at the others, and what could not be forgotten is tried
 * again, in milliseconds.
 */
const BEAT_MS = 1_000;

export interface ScopeKeeperOptions {
  readonly store: ScopeStore;
  /** Makes a write of a connection that has ended; resolves with whether its fate is sealed. */
  readonly make: (left: LeftWrite, isHeld: IsHeld) => Promise<boolean>;
  /** Whether no other node can be alive: then whatever is found is of the dead. */
  readonly alone: boolean;
  readonly now: () => number;
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly logger: Logger;
}

/**
 * Keeps what connections left where it outlives this process, and makes what dead nodes kept: with its grace, which then counts from
 * the moment at which the death was noticed. A node is taken for dead when its lease has not changed for some seconds in which this
 * one read the newest state each time and could write itself: an outage of the journal is nobody's death.
 */
export class ScopeKeeper {
  readonly #options: ScopeKeeperOptions;
  readonly #newId: () => string;
  readonly #lapsed: LapsedLeases;
  #lease: NodeLease;
  /** The keys of what this node keeps, until it is known to be forgotten. */
  readonly #kept = new Set<string>();
  /** The nodes that this one is the heir of, and makes what they left. */
  readonly #inherited = new Set<string>();
  readonly #lostListeners = new Set<() => void>();
  #closed = false;

  constructor(options: ScopeKeeperOptions) {
    this.#options = options;
    this.#newId = createPushIds(options);
    this.#lapsed = new LapsedLeases(options.alone);
    this.#lease = this.#newLease();
  }

  #newLease(): NodeLease {
    return new NodeLease(this.#newId(), this.#options.store, this.#options.now);
  }

  /** For the scope of a new connection. */
  newRecord(): ScopeRecord {
    let listener: (() => void) | null = null;
    let lease: NodeLease | null = null;
    return {
      newKey: () => `left-${this.#newId()}`,
      save: (changes) => {
        lease = this.#lease;
        return this.#save(changes);
      },
      isHeld: async () => lease !== null && this.#holds(lease),
      onLost: (lost) => {
        listener = lost;
        this.#lostListeners.add(lost);
      },
      ended: () => {
        if (listener !== null) this.#lostListeners.delete(listener);
      },
    };
  }

  async #save(changes: LeftChanges): Promise<void> {
    for (const key of changes.keys()) this.#kept.add(key);
    const dropped = Array.from(changes).flatMap(([key, left]) => (left === null ? [key] : []));
    const texts = new Map(Array.from(changes, ([key, left]) => [key, left && JSON.stringify(left)] as const));
    const lease = this.#lease;
    try {
      await lease.save(texts);
      this.#isForgotten(dropped, lease);
    } catch (error) {
      if (error instanceof LeaseLostError) this.#lost(lease);
      else if (dropped.length > 0) void this.#forget(dropped, lease);
      throw error;
    }
  }

  /** Else what is over would be made at the death of this node, whenever that is. */
  async #forget(keys: readonly string[], lease: NodeLease): Promise<void> {
    const nothing = new Map(keys.map((key) => [key, null]));
    try {
      if (await this.#insist(lease, () => lease.save(nothing))) this.#isForgotten(keys, lease);
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'what a connection had left could not be forgotten');
    }
  }

  #isForgotten(keys: readonly string[], lease: NodeLease): void {
    if (lease === this.#lease) for (const key of keys) this.#kept.delete(key);
  }

  /** Repeats a write until it is known to be made; resolves with whether it is, which is not so once the lease is lost. */
  async #insist(lease: NodeLease, write: () => Promise<void>): Promise<boolean> {
    while (!this.#closed && lease === this.#lease) {
      try {
        await write();
        return true;
      } catch (error) {
        if (error instanceof LeaseLostError) return false;
        if (!(error instanceof BacksideError && error.code === 'unavailable')) throw error;
      }
      await this.#options.sleep(BEAT_MS);
    }
    return false;
  }

  async #holds(lease: NodeLease): Promise<boolean> {
    if (lease !== this.#lease) return false;
    try {
      await lease.assure();
    } catch (error) {
      if (!(error instanceof LeaseLostError)) throw error;
      this.#lost(lease);
    }
    return lease === this.#lease;
  }

  /** What this node kept is another's now. It goes on under another name. */
  #lost(lease: NodeLease): void {
    if (lease !== this.#lease) return;
    this.#options.logger.error(
      {},
      'this node was taken for dead; connections that left something for their end are closed',
    );
    this.#lease = this.#newLease();
    this.#kept.clear();
    this.#inherited.clear();
    const listeners = [...this.#lostListeners];
    for (const lost of listeners) lost();
  }

  /** Begins to beat, and to look at the others; until `close`. */
  open(): void {
    void this.#everyBeat((lease) => this.#showLife(lease));
    void this.#everyBeat((lease) => this.#look(lease));
  }

  async #everyBeat(act: (lease: NodeLease) => Promise<void>): Promise<void> {
    while (!this.#closed) {
      const lease = this.#lease;
      try {
        await act(lease);
      } catch (error) {
        this.#lapsed.interrupted();
        if (error instanceof LeaseLostError) this.#lost(lease);
        else this.#options.logger.warn({ err: error }, 'the leases of the nodes could not be kept or looked at');
      }
      await this.#options.sleep(BEAT_MS);
    }
  }

  get #keepsNothing(): boolean {
    return this.#kept.size + this.#inherited.size === 0;
  }

  async #showLife(lease: NodeLease): Promise<void> {
    if (!this.#keepsNothing) await lease.beat();
  }

  /** A look counts only if it sees the newest state, and if this node could have shown life itself once another seems not to. */
  async #look(lease: NodeLease): Promise<void> {
    if (this.#lapsed.suspicious) await lease.beat();
    await this.#options.store.refresh();
    if (this.#closed) return;
    await this.#lookAround(lease);
    if (!this.#keepsNothing || this.#lapsed.suspicious || !lease.isShown || lease !== this.#lease) return;
    this.#lease = this.#newLease();
    await lease.hide();
  }

  async #lookAround(lease: NodeLease): Promise<void> {
    const leases = readLeases(this.#options.store);
    for (const { node, holder } of this.#lapsed.among(leases, lease.id, this.#inherited)) {
      if (this.#closed || !(holder.id === lease.id || (await lease.takeOver(node, holder)))) continue;
      this.#inherited.add(node);
      this.#makeAll(node, lease).catch((error: unknown) => {
        if (!this.#closed)
          this.#options.logger.warn({ err: error, node }, 'what a dead node left could not be cleared');
      });
    }
  }

  /** Makes everything that a dead node kept, then forgets the node. */
  async #makeAll(node: string, lease: NodeLease): Promise<void> {
    const left = readLeft(this.#options.store, node);
    this.#options.logger.info({ node, writes: left.length }, 'what the connections of a dead node left is made');
    const made = left.map(async ([key, text]) => {
      const sealed = await this.#options.make(JSON.parse(text) as LeftWrite, () => this.#holds(lease));
      return sealed && this.#insist(lease, () => lease.forget(node, key));
    });
    const forgotten = await Promise.all(made);
    if (!forgotten.includes(false)) await this.#insist(lease, () => lease.bury(node));
    if (lease === this.#lease) this.#inherited.delete(node);
  }

  /** Takes over nothing more, and leaves what is not made yet to whoever comes next. */
  async close(): Promise<void> {
    this.#closed = true;
    try {
      if (this.#keepsNothing) await this.#lease.hide();
      else await this.#lease.release();
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'the lease of this node could not be ended; it lapses by itself');
    }
  }
}

/** Where nothing outlives the process. */
export function volatileRecords(sources: { now(): number; random(): number }): Pick<ScopeKeeper, 'newRecord'> {
  const newId = createPushIds(sources);
  return {
    newRecord: () => ({
      newKey: () => `left-${newId()}`,
      save: async () => {},
      isHeld: async () => true,
      onLost: () => {},
      ended: () => {},
    }),
  };
}
