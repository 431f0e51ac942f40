import { BacksideError, type Commit, type ErrorCode, type Principal, toBacksideError } from '@backside/protocol';
import type { Replica } from '@backside/store';
import {
  createPushIds,
  DEFAULT_LIMITS,
  type Format,
  type KeyRange,
  makeMap,
  type Node,
  type Path,
  type Query,
  readNode,
} from '@backside/tree';
import type { ConnectionScope } from './connection-scope.js';
import { ConnectionScopes } from './connection-scopes.js';
import { type DatabaseLimits, type DatabaseOptions, DEFAULT_DATABASE_LIMITS } from './database-options.js';
import { evaluate } from './evaluation.js';
import { History } from './history.js';
import { IdempotentWrites } from './idempotent-writes.js';
import { JournalTrimmer } from './journal-trimmer.js';
import type { ListenOptions, Subscription } from './listener.js';
import { Listens } from './listens.js';
import { LiveRights } from './live-rights.js';
import type { TransactionResult, TransactionUpdate, WriteOperation, WriteResult } from './operation.js';
import { type PeerStats, Peers } from './peers.js';
import { recall } from './recall.js';
import { TailReader } from './resume-tail.js';
import { Sequencer } from './sequencer.js';
import { runTransaction } from './transaction.js';
import { UnindexedQueries } from './unindexed-queries.js';
import { ViewHub } from './view-hub.js';

export interface ReadResult {
  readonly node: Node;
  readonly revision: number;
  /** False if a query had to read every child because its index is missing. */
  readonly indexed: boolean;
}

export interface DatabaseStats {
  readonly revision: number;
  readonly checkpointed: number;
  readonly views: number;
  readonly subscriptions: number;
  /** Groups of subscriptions whose right is decided again when data or time changes. */
  readonly rightsGroups: number;
  readonly commits: number;
  readonly batches: number;
  readonly conflicts: number;
  readonly queueDepth: number;
  /** Whether writes are refused: the journal failed at the last attempt or is out of reach, or the replica's disk does not keep up. */
  readonly degraded: boolean;
  readonly refused: ReadonlyMap<ErrorCode, number>;
  /** Null where nobody else writes to the journal. */
  readonly peers: PeerStats | null;
}

/**
 * One tree with its own order: the only place where rights are decided and commits are made. Reads and listens answer the
 * durable state; writes are put in order, made durable, applied, delivered to local views and told to the other nodes.
 */
export class Database {
  readonly #options: DatabaseOptions;
  readonly #limits: DatabaseLimits;
  readonly #history: History;
  readonly #unindexed: UnindexedQueries;
  readonly #idempotent: IdempotentWrites;
  readonly #rights: LiveRights;
  readonly #hub: ViewHub;
  readonly #listens: Listens;
  readonly #sequencer: Sequencer;
  readonly #peers: Peers;
  #recalled: Promise<void> = Promise.resolve();
  #unwatchRights: (() => void) | null = null;
  readonly #trimmer: JournalTrimmer | null;
  readonly #scopes: ConnectionScopes;
  #closed = false;

  /** Use `createDatabase`. */
  constructor(options: DatabaseOptions) {
    this.#options = options;
    this.#limits = { tree: DEFAULT_LIMITS, ...DEFAULT_DATABASE_LIMITS, ...options.limits };
    const { replica, logger, journal } = options;
    this.#peers = new Peers({
      ...options,
      patienceMs: this.#limits.journalPatienceMs,
      revision: () => replica.revision,
      apply: (commits) => this.#apply(commits),
    });
    this.#history = new History(replica.revision, {
      capacity: this.#limits.historyCommits,
      maxBytes: this.#limits.historyBytes,
    });
    this.#idempotent = new IdempotentWrites((write) => this.#sequencer.submit(write), this.#limits.idempotencyKeys);
    this.#trimmer = options.trimsJournal === false ? null : new JournalTrimmer(options);
    this.#rights = new LiveRights(options);
    this.#unindexed = new UnindexedQueries(logger);
    this.#hub = new ViewHub({
      unindexed: this.#unindexed,
      replica,
      logger,
      rights: this.#rights,
      staleness: () => this.staleness(),
      ...this.#limits,
    });
    this.#listens = this.#createListens();
    this.#scopes = new ConnectionScopes({
      options,
      bounds: {
        maxOperations: this.#limits.maxOnDisconnectOperations,
        maxCharacters: this.#limits.maxOnDisconnectCharacters,
      },
      check: (operation) => this.#checkWrite(operation),
      write: (operation) => this.write(operation),
    });
    this.#sequencer = new Sequencer({
      journal,
      reach: this.#peers.reach,
      pace: this.#peers.pace,
      logger,
      nodeId: options.nodeId,
      now: options.now,
      maxQueuedOperations: this.#limits.maxQueuedOperations,
      maxCommitBytes: this.#limits.tree.maxWriteBytes,
      recordPrior: options.recordPrior ?? false,
      base: { reader: replica, revision: () => replica.revision },
      evaluation: {
        limits: this.#limits.tree,
        authorizer: options.authorizer,
        nextPushId: createPushIds({ now: options.now, random: options.random }),
        changedSince: (path, revision) => this.#history.changedSince(path, revision),
      },
      catchUpWithNews: () => this.#peers.follower.catchUpWithNews(),
      catchUp: (head, missing) => {
        this.#peers.follower.take(missing);
        return this.#peers.follower.catchUp(head);
      },
      known: (key, operation) => this.#idempotent.find(key, operation),
      durable: (commits) => this.#publish(commits),
    });
  }

  #createListens(): Listens {
    const { journal } = this.#options;
    return new Listens({
      hub: this.#hub,
      rights: this.#rights,
      tails: new TailReader({
        journal,
        reach: this.#peers.reach,
        history: this.#history,
        maxCommits: this.#limits.maxResumeCommits,
        maxBytes: this.#limits.maxResumeBytes,
      }),
      position: this,
      refresh: journal.supports.sharedBetweenNodes ? () => this.#peers.follower.refreshIfReached() : null,
    });
  }

  get name(): string {
    return this.#options.name;
  }

  get epoch(): string {
    return this.#options.journal.epoch;
  }

  /** The revision that reads answer. */
  get revision(): number {
    return this.#options.replica.revision;
  }

  /** Starts following: called once by `createDatabase`. */
  async open(): Promise<void> {
    const { authorizer } = this.#options;
    this.#unwatchRights = authorizer.onChange?.(() => this.#rights.reviewAll(this.#hub.subscribers())) ?? null;
    await this.#peers.open();
    this.#recalled = recall({
      ...this.#options,
      reach: this.#peers.reach,
      isClosed: () => this.#closed,
      history: this.#history,
      learn: (commit) => this.#idempotent.learn(commit),
    });
    this.#idempotent.waitFor(() => this.#peers.reach.whileInReach(this.#recalled));
    this.#scopes.open();
  }

  /**
   * Puts a write in order; resolves once it has come as far as its `ackLevel` says. Rejects with a BacksideError: after
   * `unavailable` it may or may not have been stored, after any other code it has had no effect.
   */
  write(operation: WriteOperation): Promise<WriteResult> {
    if (operation.ackLevel === 'replicated' && this.#options.journal.supports.durability !== 'replicated') {
      return refused(
        operation,
        new BacksideError('invalid-header', 'this journal cannot tell when a write is replicated'),
      );
    }
    if (this.#options.replica.isOverfull) {
      const text = 'the disk does not keep up with the writes; nothing was stored';
      return refused(operation, new BacksideError('unavailable', text));
    }
    if (operation.idempotencyKey !== undefined) return this.#idempotent.write(operation);
    return new Promise((resolve, reject) => {
      this.#sequencer.submit({ operation, idempotencyKey: null, resolve, reject, sealed: operation.sealed });
    });
  }

  /** See `runTransaction`. */
  transaction(principal: Principal, path: Path, update: TransactionUpdate): Promise<TransactionResult> {
    return runTransaction({ database: this, principal, path }, update);
  }

  /** The node at `path`, or the children that the query chooses, now. Throws `permission-denied`. */
  read(principal: Principal, path: Path, query?: Query): ReadResult {
    this.#checkRead(principal, path, query);
    const { replica } = this.#options;
    const { revision } = replica;
    if (query === undefined) return { node: readNode(replica, path), revision, indexed: true };
    const { entries, indexed } = replica.query(path, query);
    if (!indexed) this.#unindexed.note(path, query.order);
    return { node: makeMap(entries), revision, indexed };
  }

  /** The keys of the children at `path` within the range, in its direction, now; what lies below them is not read. Throws `permission-denied`. */
  keys(principal: Principal, path: Path, range?: KeyRange): string[] {
    this.#checkRead(principal, path, undefined);
    return Array.from(this.#options.replica.children(path, range), ([key]) => key);
  }

  /** The node at `path` as a stream of JSON text of one revision. Throws `permission-denied`. */
  streamJson(
    principal: Principal,
    path: Path,
    format: Format,
  ): { revision: number; chunks: ReturnType<Replica['streamJson']> } {
    this.#checkRead(principal, path, undefined);
    const { replica } = this.#options;
    return { revision: replica.revision, chunks: replica.streamJson(path, format) };
  }

  /**
   * Listens to `path`: the state now (or what is missing after the resume point), then every event, in order. Where other
   * nodes write as well, "now" is no earlier than any write that was acknowledged before this call; while the journal is out
   * of reach the first event says instead how stale it may be (`staleMs`). The listener is told `permission-denied` once the
   * right to read is lost, before anything that came after the loss. Throws `permission-denied`, `limit-exceeded`,
   * `too-large`, `invalid-header`, `invalid-query` or, for a priority, `invalid-path`; then no subscription exists.
   */
  listen<Encoded>(principal: Principal, options: ListenOptions<Encoded>): Subscription {
    return this.#listens.listen(principal, options);
  }

  /**
   * Resolves once reads answer every write that was acknowledged, by any node, before this call. Rejects with `unavailable` if the
   * journal cannot be asked, at once when it is known to be out of reach.
   */
  refresh(): Promise<void> {
    return this.#peers.refresh();
  }

  /**
   * Null while the journal is in reach. Else how old reads may be, in milliseconds: they have every write that was acknowledged, by any
   * node, longer ago than that. Writes are refused meanwhile.
   */
  staleness(): number | null {
    return this.#peers.reach.staleness();
  }

  #checkRead(principal: Principal, path: Path, query: Query | undefined): void {
    if (principal.kind === 'admin') return;
    const { authorizer, replica, now } = this.#options;
    const request = { principal, path, query: query ?? null, root: replica, now: now(), tracked: false };
    const decision = authorizer.read(request);
    if (!decision.allowed) throw new BacksideError('permission-denied', undefined, { trace: decision.trace });
  }

  /**
   * Where one connection leaves the writes that are made when it ends. `lost` is called if another node took this one for dead and
   * makes them now: the connection should be closed, so that its client leaves them anew on another.
   */
  connectionScope(lost: () => void = () => {}): ConnectionScope {
    return this.#scopes.newScope(lost);
  }

  /** Evaluates a write on the present state without making it. */
  #checkWrite(operation: WriteOperation): void {
    try {
      evaluate(operation, {
        before: this.#options.replica,
        now: this.#options.now(),
        limits: this.#limits.tree,
        authorizer: this.#options.authorizer,
        nextPushId: () => '-'.repeat(20),
        changedSince: () => false,
      });
    } catch (error) {
      throw toBacksideError(error);
    }
  }

  stats(): DatabaseStats {
    const { replica } = this.#options;
    return {
      revision: replica.revision,
      checkpointed: replica.checkpointed,
      views: this.#hub.views,
      subscriptions: this.#hub.subscriptions,
      rightsGroups: this.#rights.size,
      commits: this.#sequencer.commits,
      batches: this.#sequencer.batches,
      conflicts: this.#sequencer.conflicts,
      queueDepth: this.#sequencer.queueDepth,
      degraded: this.#sequencer.degraded || replica.isOverfull,
      refused: this.#sequencer.refused,
      peers: this.#peers.stats(),
    };
  }

  /**
   * Has this process, where it is the one that writes the local files, bring them to the present state. Else resolves at once. Rejects with
   * `unavailable` if the disk refuses; nothing is lost then.
   */
  async checkpoint(): Promise<void> {
    await this.#options.replica.checkpoint();
  }

  /** Takes no more writes, answers those it has, and stops following. Leaves journal, replica and notifier to their owner. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#scopes.stop();
    await this.#sequencer.close();
    await this.#scopes.close();
    this.#unwatchRights?.();
    await this.#peers.close();
    await this.#recalled;
  }

  #publish(commits: readonly Commit[]): void {
    this.#apply(commits);
    this.#options.notifier.publish(this.name, commits);
  }

  /** Applies durable commits that follow the state, and delivers them; those that are known already are skipped. */
  #apply(commits: readonly Commit[]): void {
    const { replica } = this.#options;
    for (const commit of commits) {
      if (commit.revision <= replica.revision) continue;
      this.#peers.pace.committed(commit);
      this.#hub.apply(commit, () => {
        this.#history.add(commit);
        this.#idempotent.learn(commit);
      });
    }
    this.#trimmer?.trim();
  }
}

function refused(operation: WriteOperation, error: BacksideError): Promise<never> {
  operation.sealed?.();
  return Promise.reject(error);
}
