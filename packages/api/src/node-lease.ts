import { ADMIN, BacksideError } from '@backside/protocol';
import { hashNode, type Json, type Node, nodeToJson, type Path } from '@backside/tree';
import type { Precondition, WriteOperation } from './operation.js';

/** The part of a private database that nodes keep what connections left in. */
export interface ScopeStore {
  read(principal: typeof ADMIN, path: Path): { readonly node: Node };
  write(operation: WriteOperation): Promise<unknown>;
  /** Resolves once reads answer every write that was acknowledged before this call; rejects with `unavailable` if that cannot be known. */
  refresh(): Promise<void>;
}

/**
 * For how long after it was last known to hold, counted from before it was asked, nobody can have taken a lease over: half of what
 * others wait for at least. In milliseconds.
 */
const SURE_MS = 2_500;

/**
 * Everything about connections: `nodes/NODE` is the lease of a node that keeps something, with its last `beat` and its `holder`: the
 * node itself or, once that was taken for dead, its heir; `left/NODE/KEY` is one write that a connection of it left.
 */
const CONNECTIONS: Path = ['connections'];

/** What others see of a node's lease. */
export interface LeaseState {
  /** Grows while the node lives; 0 once it has ended in order. */
  readonly beat: number;
  /** The node that makes what it keeps. */
  readonly holder: string;
}

/** The leases in a store, by node. */
export function readLeases(store: ScopeStore): Map<string, LeaseState> {
  const nodes = Object(nodeToJson(store.read(ADMIN, [...CONNECTIONS, 'nodes']).node, 'export')) as Record<string, Json>;
  return new Map(
    Object.entries(nodes).map(([node, lease]) => {
      const { beat, holder } = Object(lease) as { beat?: unknown; holder?: unknown };
      return [node, { beat: Number(beat ?? 0), holder: typeof holder === 'string' ? holder : node }];
    }),
  );
}

/** The writes that connections of a node have left, as texts, by key, in the order in which they were left. */
export function readLeft(store: ScopeStore, node: string): [key: string, text: string][] {
  const left = Object(nodeToJson(store.read(ADMIN, [...CONNECTIONS, 'left', node]).node, 'export')) as object;
  return Object.entries(left).map(([key, text]) => [key, String(text)]);
}

/** Why a node may no longer write: another one has taken over what it keeps. */
export class LeaseLostError extends BacksideError {
  constructor(cause: unknown) {
    super('unavailable', 'this node was taken for dead, and what its connections left was taken over', { cause });
    this.name = 'LeaseLostError';
  }
}

/**
 * The lease of one node: as long as it beats, nobody else touches what the node keeps. Every write is made on condition that
 * nobody has taken over, so a node that stood still for too long finds out before anything else.
 */
export class NodeLease {
  readonly id: string;
  readonly #store: ScopeStore;
  readonly #now: () => number;
  /** Whether others can see it. */
  #shown = false;
  #beat = 0;
  /** When a write on condition that it holds was begun that was made. */
  #heldAt = Number.NEGATIVE_INFINITY;

  constructor(id: string, store: ScopeStore, now: () => number) {
    this.id = id;
    this.#store = store;
    this.#now = now;
  }

  /** Makes changes of what this node keeps, by key. Rejects with `LeaseLostError`, or as a write does. */
  save(changes: ReadonlyMap<string, string | null>): Promise<void> {
    const entries = Array.from(changes, ([key, text]) => [`left/${this.id}/${key}`, text] as const);
    return this.#shown ? this.#write(entries) : this.beat(entries);
  }

  /** Shows that this node lives, together with other changes. Rejects as `save` does. */
  async beat(changes: readonly Change[] = []): Promise<void> {
    const place = `nodes/${this.id}`;
    this.#beat = Math.max(this.#beat + 1, this.#now());
    if (this.#shown) return this.#write([...changes, [`${place}/beat`, this.#beat]]);
    this.#shown = true;
    try {
      // The one write without a condition: nobody can have taken over what was never there.
      await this.#commit([...changes, [place, { beat: this.#beat, holder: this.id }]], []);
    } catch (error) {
      this.#shown = false;
      throw error;
    }
  }

  /** Resolves if nobody has taken over what this node keeps, nor can within the next moments. Rejects as `save` does. */
  async assure(): Promise<void> {
    const elapsed = this.#now() - this.#heldAt;
    if (!(elapsed >= 0 && elapsed < SURE_MS)) await this.beat();
  }

  /** Keeps nothing any more, so there is nothing to hold a lease for. */
  async hide(): Promise<void> {
    if (!this.#shown) return;
    const hidden = this.#write([[`nodes/${this.id}`, null]]);
    this.#shown = false;
    await hidden;
  }

  /** Leaves what it keeps to whoever comes next. */
  async release(): Promise<void> {
    if (this.#shown) await this.#write([[`nodes/${this.id}/beat`, 0]]);
  }

  /** Becomes the heir of a node whose holder seems dead, unless that one shows life or somebody else is first. */
  async takeOver(node: string, holder: { readonly id: string; readonly beat: number | null }): Promise<boolean> {
    if (!this.#shown) await this.beat();
    try {
      await this.#write(
        [[`nodes/${node}/holder`, this.id]],
        [expect(['nodes', node, 'holder'], holder.id), expect(['nodes', holder.id, 'beat'], holder.beat)],
      );
      return true;
    } catch (error) {
      if (error instanceof LeaseLostError) return false;
      throw error;
    }
  }

  /** Forgets a write of a node that this one is the heir of. */
  forget(node: string, key: string): Promise<void> {
    return this.#write([[`left/${node}/${key}`, null]]);
  }

  /** Forgets a node that this one is the heir of. */
  bury(node: string): Promise<void> {
    return this.#write(
      [
        [`nodes/${node}`, null],
        [`left/${node}`, null],
      ],
      [expect(['nodes', node, 'holder'], this.id)],
    );
  }

  /** On condition that this node still holds its own lease. */
  #write(changes: readonly Change[], conditions: readonly Precondition[] = []): Promise<void> {
    return this.#commit(changes, [expect(['nodes', this.id, 'holder'], this.id), ...conditions]);
  }

  async #commit(changes: readonly Change[], preconditions: readonly Precondition[]): Promise<void> {
    const begun = this.#now();
    try {
      await this.#store.write({
        principal: ADMIN,
        steps: [{ method: 'update', path: CONNECTIONS, value: Object.fromEntries(changes) }],
        preconditions,
      });
      this.#heldAt = begun;
    } catch (error) {
      if (error instanceof BacksideError && error.code === 'precondition-failed') throw new LeaseLostError(error);
      throw error;
    }
  }
}

/** A path below `connections`, and what is there from now on. */
type Change = readonly [string, Json];

function expect(path: Path, value: string | number | null): Precondition {
  return { path: [...CONNECTIONS, ...path], hash: hashNode(value) };
}
