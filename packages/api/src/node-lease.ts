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
 * The lease of one node, for once: as long as it beats, nobody else touches what the node keeps. Every write but the first is made on
 * condition that nobody has taken over, so a node that stood still for too long finds out before anything else. The first one is
 * repeated with its idempotency key until it is answered: had it been stored, another might have taken over since, and buried the node.
 */
export class NodeLease {
  readonly id: string;
  readonly #store: ScopeStore;
  readonly #now: () => number;
  /** The first write; null as long as there is nothing that others could see. */
  #first: WriteOperation | null = null;
  /** Rejects with a try of the first write that was not answered, after which comes another. */
  #shown: Promise<void> | null = null;
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
    return this.#write(entries);
  }

  /** Whether others may see it. */
  get isShown(): boolean {
    return this.#first !== null;
  }

  /** Shows that this node lives. Rejects as `save` does. */
  async beat(): Promise<void> {
    if (this.#first === null) return this.#show();
    this.#beat = Math.max(this.#beat + 1, this.#now());
    await this.#write([[`nodes/${this.id}/beat`, this.#beat]]);
  }

  /** Resolves if nobody has taken over what this node keeps, nor can within the next moments. Rejects as `save` does. */
  async assure(): Promise<void> {
    const elapsed = this.#now() - this.#heldAt;
    if (!(elapsed >= 0 && elapsed < SURE_MS)) await this.beat();
  }

  /** Keeps nothing any more, so there is nothing to hold a lease for. The node goes on with another one. */
  async hide(): Promise<void> {
    if (this.isShown) await this.#write([[`nodes/${this.id}`, null]]);
  }

  /** Leaves what it keeps to whoever comes next. */
  async release(): Promise<void> {
    if (this.isShown) await this.#write([[`nodes/${this.id}/beat`, 0]]);
  }

  /** Becomes the heir of a node whose holder seems dead, unless that one shows life or somebody else is first. */
  async takeOver(node: string, holder: { readonly id: string; readonly beat: number | null }): Promise<boolean> {
    await this.#show();
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
  async #write(changes: readonly Change[], conditions: readonly Precondition[] = []): Promise<void> {
    await this.#show();
    const begun = this.#now();
    await this.#commit(operation(changes, [expect(['nodes', this.id, 'holder'], this.id), ...conditions]));
    this.#heldAt = begun;
  }

  /** Makes the first write, if it is not known to be made. When it was stored is not known, so it does not tell since when this holds. */
  #show(): Promise<void> {
    this.#first ??= this.#newFirst();
    this.#shown ??= this.#commit(this.#first).catch((error: unknown) => {
      this.#shown = null;
      throw error;
    });
    return this.#shown;
  }

  #newFirst(): WriteOperation {
    this.#beat = this.#now();
    const first = [[`nodes/${this.id}`, { beat: this.#beat, holder: this.id }]] as const;
    return { ...operation(first, [expect(['nodes', this.id], null)]), idempotencyKey: `lease-${this.id}` };
  }

  async #commit(operation: WriteOperation): Promise<void> {
    try {
      await this.#store.write(operation);
    } catch (error) {
      if (error instanceof BacksideError && error.code === 'precondition-failed') throw new LeaseLostError(error);
      throw error;
    }
  }
}

/** A path below `connections`, and what is there from now on. */
type Change = readonly [string, Json];

function operation(changes: readonly Change[], preconditions: readonly Precondition[]): WriteOperation {
  const value = Object.fromEntries(changes);
  return { principal: ADMIN, steps: [{ method: 'update', path: CONNECTIONS, value }], preconditions };
}

function expect(path: Path, value: string | number | null): Precondition {
  return { path: [...CONNECTIONS, ...path], hash: hashNode(value) };
}
