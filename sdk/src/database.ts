import { type Json, type Path, parsePath, TreeError } from '@backside/tree';
import type { Connection, Status, UserInfo } from './link/connection.js';
import type { WireAck } from './link/write.js';
import type { SyncStore } from './offline/sync-store.js';
import { type EventListener, Query, type QueryFields } from './reference/query.js';
import { Reference, type TransactionResult } from './reference/reference.js';
import type { ListenOptions, Root, WaitOptions, WriteOptions } from './reference/root.js';
import type { DataSnapshot } from './reference/snapshot.js';
import type { RefusalListener } from './sync/sync-tree.js';
import type { TransactionOptions, TransactionUpdate } from './sync/transaction.js';

/** Which children of a path, and in which order: `{ query: { orderBy: 'age', limitToLast: 10 } }`. */
export interface QueryOption {
  readonly query?: QueryFields;
}

/** Gets the value, as JSON without priorities, and the snapshot that it is of. */
export type ValueListener = (value: Json, snapshot: DataSnapshot) => void;

/** A client of one database. Paths are texts such as `/users/bob`; a bad one throws TreeError. */
export class Database {
  readonly connection: Connection;
  readonly #root: Root;
  readonly #store: SyncStore | null;
  /** What each listener is listening through. */
  readonly #listeners = new WeakMap<ValueListener, EventListener>();

  constructor(root: Root, store: SyncStore | null) {
    this.connection = root.connection;
    this.#root = root;
    this.#store = store;
  }

  get status(): Status {
    return this.connection.status;
  }

  /** The returned function takes the listener off. */
  onStatus(listener: (status: Status) => void): () => void {
    return this.connection.onStatus(listener);
  }

  get user(): UserInfo | null {
    return this.connection.user;
  }

  /** Calls the listener for each write that the server refuses, awaited or not. The returned function takes it off. */
  onRefused(listener: RefusalListener): () => void {
    const { refusals } = this.#root.tree;
    refusals.add(listener);
    return () => refusals.delete(listener);
  }

  /** The server's clock, in milliseconds since 1970, as far as it is known. */
  serverTime(): number {
    return this.#root.tree.now();
  }

  ref(path = '/'): Reference {
    return new Reference(this.#root, placeOf(path));
  }

  /** Tells the value now and after each change. The returned function ends that. */
  on(path: string, listener: ValueListener, options: ListenOptions & QueryOption = {}): () => void {
    const told = this.#listeners.get(listener) ?? ((snapshot) => listener(snapshot.val(), snapshot));
    this.#listeners.set(listener, told);
    return this.#query(path, options).listen('value', told, options);
  }

  /** Ends listens of a path: those of one listener or, without, all. Those with a query need the same query. */
  off(path: string, listener?: ValueListener, options: QueryOption = {}): void {
    const told = listener === undefined ? undefined : this.#listeners.get(listener);
    if (listener === undefined || told !== undefined) this.#query(path, options).off('value', told);
  }

  /** The value when it is first known, which may be a stored or pending one. */
  async once(path: string, options: WaitOptions & QueryOption = {}): Promise<Json> {
    return (await this.#query(path, options).once('value', options)).val();
  }

  /** The value that the server has: at once if that is known, else once it has answered. */
  async get(path: string, options: WaitOptions & QueryOption = {}): Promise<Json> {
    return (await this.#query(path, options).get(options)).val();
  }

  /** Resolves when the server has acknowledged, at the asked level; rejects with `RefusedError`. So do all that write. */
  set(path: string, value: Json, options?: WriteOptions): Promise<WireAck> {
    return this.ref(path).set(value, options);
  }

  /** Replaces the children that are named, at any depth (`'a/b'`), and leaves the others. All of it or nothing is made. */
  update(path: string, values: { readonly [path: string]: Json }, options?: WriteOptions): Promise<WireAck> {
    return this.ref(path).update(values, options);
  }

  /** Adds a child under a new key, later than those before it. Resolves with its path. */
  push(path: string, value: Json, options?: WriteOptions): Promise<string> {
    const pushed = this.ref(path).push(value, options);
    const written = pushed.then(String);
    written.catch(() => undefined);
    return written;
  }

  remove(path: string, options?: WriteOptions): Promise<WireAck> {
    return this.ref(path).remove(options);
  }

  /** See `Reference.transaction`. */
  transaction(path: string, update: TransactionUpdate, options?: TransactionOptions): Promise<TransactionResult> {
    return this.ref(path).transaction(update, options);
  }

  /** See `Query.changes`. */
  changes(path: string, options: WaitOptions & QueryOption = {}): AsyncGenerator<DataSnapshot, undefined> {
    return this.#query(path, options).changes(options);
  }

  /** Drops the connection and makes no new one until `goOnline`. Listens show what is known, writes wait. */
  goOffline(): void {
    this.connection.goOffline();
  }

  goOnline(): void {
    this.connection.goOnline();
  }

  /**
   * Drops what is stored of this database, for all tabs: listened data and writes that wait for an answer. Those of this client reject
   * with `unauthenticated`; one that was sent may still be made. `Auth.signOut` does this; what another user has left is dropped by
   * itself as soon as the server takes this client for the next one.
   */
  clearCache(): Promise<void> {
    return this.#root.tree.clearCache();
  }

  /**
   * Tells who is signed in as far as this device knows, null for nobody, whenever that is asked. Of what another user has left nothing is
   * shown then, also before the server has said who is here. `uid` must not reject. `createAuth` does this.
   */
  expectUser(uid: () => Promise<string | null>): void {
    const { storedUser } = this.#root.tree;
    if (storedUser !== null) storedUser.expected = uid;
  }

  /** Ends everything for good: what waits for an answer rejects with `ClosedError`. Resolves when what is stored is complete. */
  async close(): Promise<void> {
    const stored = this.#root.tree.close();
    this.connection.close();
    await stored;
    await this.#store?.close();
  }

  #query(path: string, { query }: QueryOption): Query {
    const place = {
      root: this.#root,
      path: placeOf(path),
      refer: (other: readonly string[]) => new Reference(this.#root, other),
    };
    return new Query(place, query);
  }
}

/** What Firebase has at `.info` is no data of the server's: this client has it itself. */
function placeOf(path: string): Path {
  if (/^\/?\.info/.test(path)) throw new TreeError('invalid-path', 'use onStatus, serverTime or user for .info');
  return parsePath(path);
}
