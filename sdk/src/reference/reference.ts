import { formatPath, type Json, type Path, parsePath } from '@backside/tree';
import type { WireAck, WireStep } from '../link/write.js';
import type { ServerNumber } from '../schema/index.js';
import { prioritized } from '../sync/prioritized.js';
import { runTransaction, type TransactionOptions, type TransactionUpdate } from '../sync/transaction.js';
import { OnDisconnect } from './on-disconnect.js';
import { Query } from './query.js';
import type { Root, WriteOptions } from './root.js';
import type { DataSnapshot } from './snapshot.js';

export type PriorityValue = string | number | null | ServerNumber;

export interface TransactionResult {
  /** False if the update function returned undefined. */
  readonly committed: boolean;
  /** What is there now. */
  readonly snapshot: DataSnapshot;
}

/**
 * A place in the tree. What it writes is shown by this client's views at once, and shown no more if the server refuses. Its promises
 * resolve when the server has acknowledged, at the asked level, and reject with `RefusedError`.
 */
export class Reference extends Query {
  constructor(root: Root, path: Path) {
    super({ root, path, refer: (other) => new Reference(root, other) });
  }

  /** Null at the root. */
  get key(): string | null {
    return this.place.path.at(-1) ?? null;
  }

  get parent(): Reference | null {
    return this.key === null ? null : this.place.refer(this.place.path.slice(0, -1));
  }

  get root(): Reference {
    return this.place.refer([]);
  }

  /** `/a/b`. */
  override toString(): string {
    return formatPath(this.place.path);
  }

  /** Throws TreeError for a path that there cannot be. */
  child(path: string): Reference {
    return this.place.refer(parsePath(formatPath([...this.place.path, ...parsePath(path)])));
  }

  set(value: Json, options?: WriteOptions): Promise<WireAck> {
    return this.#write({ method: 'set', path: this.place.path, value }, options);
  }

  setWithPriority(value: Json, priority: PriorityValue, options?: WriteOptions): Promise<WireAck> {
    return this.set(prioritized(value, priority as Json), options);
  }

  setPriority(priority: PriorityValue, options?: WriteOptions): Promise<WireAck> {
    return this.#write({ method: 'update', path: this.place.path, value: { '.priority': priority as Json } }, options);
  }

  /** Replaces the children that are named, at any depth (`'a/b'`), and leaves the others. All of it or nothing is made. */
  update(values: { readonly [path: string]: Json }, options?: WriteOptions): Promise<WireAck> {
    return this.#write({ method: 'update', path: this.place.path, value: values }, options);
  }

  remove(options?: WriteOptions): Promise<WireAck> {
    return this.#write({ method: 'remove', path: this.place.path }, options);
  }

  /**
   * A new child, whose key comes after those before it. With a value, also writes it; the reference can be used at once, and be
   * awaited for the acknowledgement.
   */
  push(value?: Json, options?: WriteOptions): PushedReference {
    const path = [...this.place.path, this.place.root.newKey()];
    const written = value === undefined ? null : this.#write({ method: 'set', path, value }, options);
    return new PushedReference(this.place.root, path, written);
  }

  /**
   * Replaces the value by what `update` makes of it, if nobody else has changed it meanwhile; else `update` is asked again. It may
   * return undefined to leave everything as it is. Rejects with `RefusedError`, `precondition-failed` after 25 attempts.
   */
  async transaction(update: TransactionUpdate, options?: TransactionOptions): Promise<TransactionResult> {
    const { committed, shown } = await runTransaction(this.place.root, { path: this.place.path, update }, options);
    return { committed, snapshot: this.snapshotOf(shown) };
  }

  onDisconnect(): OnDisconnect {
    return new OnDisconnect(this.place.root, this.place.path);
  }

  #write(step: WireStep, { ackLevel = 'durable', signal }: WriteOptions = {}): Promise<WireAck> {
    const answer = this.place.root.tree.write({ key: this.place.root.newKey(), steps: [step], ackLevel }, { signal });
    // Who does not wait is told by the client's `onRefused`.
    answer.catch(() => undefined);
    return answer;
  }
}

/** A new child. To await it is to await its write, if there was one. */
export class PushedReference extends Reference implements PromiseLike<Reference> {
  readonly #written: Promise<Reference>;

  constructor(root: Root, path: Path, written: Promise<unknown> | null) {
    super(root, path);
    const ref = new Reference(root, path);
    this.#written = Promise.resolve(written).then(() => ref);
    this.#written.catch(() => undefined);
  }

  // biome-ignore lint/suspicious/noThenProperty: as Firebase's users know it, `push` can be awaited and used at once.
  then<Done = Reference, Failed = never>(
    done?: ((ref: Reference) => Done | PromiseLike<Done>) | null,
    failed?: ((error: unknown) => Failed | PromiseLike<Failed>) | null,
  ): Promise<Done | Failed> {
    return this.#written.then(done, failed);
  }
}
