import type { Commit } from '@backside/protocol';
import type { IndexDefinition } from '@backside/store';
import { type Change, isPriorityPath } from '@backside/tree';
import { DraftTree } from './draft.js';
import { DraftWriter, type IdSource } from './draft-writer.js';
import { type Environment, readMeta, recordReader, writeMeta } from './environment.js';
import { collectSlice, detachIndex, hasGarbage } from './garbage.js';
import { IndexBuilder } from './index-builder.js';
import { IndexLevel } from './index-levels.js';
import type { Meta, StoredIndex } from './meta.js';
import { VISIBLE_ROOT } from './node-key.js';
import {
  dropHiddenTree,
  HIDDEN_ROOT,
  hasHiddenTree,
  holdPriorities,
  removeRoot,
  showHiddenTree,
  takePriorities,
} from './restored-tree.js';

/**
 * The one writer of an environment. Every method is one LMDB transaction that also moves the meta record: it happens
 * entirely, and is on disk when the method returns, or not at all, and then the method throws and may be called again.
 */
export class Engine {
  readonly #environment: Environment;
  readonly #maxPacked: number | undefined;
  #meta: Meta;
  #builder: IndexBuilder | null;
  /** Whether the hidden tree is one in the making; otherwise it was left by a process that ended. */
  #restoring = false;

  constructor(environment: Environment, maxPackedCharacters?: number) {
    this.#environment = environment;
    this.#maxPacked = maxPackedCharacters;
    this.#meta = readMeta(environment);
    this.#builder = IndexBuilder.of(environment, this.#meta);
  }

  get meta(): Meta {
    return this.#meta;
  }

  /** Whether `setIndexes` is carried out entirely. */
  get indexesComplete(): boolean {
    return this.#builder === null;
  }

  /** Whether `workSlice` would do something. */
  get hasWork(): boolean {
    return this.#builder !== null || hasGarbage(this.#environment) || this.#hasLeftovers;
  }

  get #hasLeftovers(): boolean {
    return !this.#restoring && hasHiddenTree(this.#environment);
  }

  /** Brings the data to the state after the last of `commits`, which must continue it. They are taken one by one. */
  apply(commits: Iterable<Commit>): void {
    this.#transact((ids) => {
      const draft = new DraftTree(recordReader(this.#environment));
      let { revision } = this.#meta;
      for (const commit of commits) {
        for (const change of commit.changes) draft.apply(change);
        revision = commit.revision;
      }
      new DraftWriter(this.#environment, ids, this.#maxPacked).writeRoot(
        draft.root,
        IndexLevel.root(this.#meta.indexes),
      );
      return { revision };
    });
  }

  /** Starts again with an empty tree at revision 0 of another history. */
  reset(epoch: string): void {
    this.#transact(() => {
      removeRoot(this.#environment, VISIBLE_ROOT);
      return { epoch, revision: 0 };
    });
    this.#restoring = false;
  }

  /** Empties the environment, which belongs to no history from then on, until a restored tree is finished. */
  beginRestore(): void {
    this.#transact(() => {
      removeRoot(this.#environment, VISIBLE_ROOT);
      dropHiddenTree(this.#environment);
      return { epoch: null, revision: 0 };
    });
    this.#restoring = true;
  }

  /** Adds entries to the tree that is being restored, which nobody sees yet. */
  restore(packs: Iterable<Commit>): void {
    this.#transact((ids) => {
      const nodes: Change[] = [];
      const priorities: Change[] = [];
      for (const { changes } of packs) {
        for (const change of changes) (isPriorityPath(change.path) ? priorities : nodes).push(change);
      }
      this.#addHidden(nodes, ids);
      holdPriorities(this.#environment, priorities);
      return {};
    });
  }

  /** Gives priorities that waited to their nodes, as many as one transaction does well; returns whether there may be more. */
  restorePriorities(): boolean {
    let more = false;
    this.#transact((ids) => {
      const priorities = takePriorities(this.#environment);
      more = priorities !== null;
      this.#addHidden(priorities ?? [], ids);
      return {};
    });
    return more;
  }

  /** Shows the restored tree, as the state after `revision` of the history `epoch`. All indexes are built anew. */
  finishRestore(epoch: string, revision: number): void {
    this.#transact((ids) => {
      showHiddenTree(this.#environment, VISIBLE_ROOT);
      for (const { id } of this.#meta.indexes) detachIndex(this.#environment, id);
      const indexes = this.#meta.indexes.map(({ definition }) => ({ id: ids.next(), definition, complete: false }));
      return { epoch, revision, indexes };
    });
    this.#restoring = false;
    this.#builder = IndexBuilder.of(this.#environment, this.#meta);
  }

  #addHidden(changes: readonly Change[], ids: IdSource): void {
    const draft = new DraftTree(recordReader(this.#environment), HIDDEN_ROOT);
    for (const change of changes) draft.apply(change);
    new DraftWriter(this.#environment, ids, this.#maxPacked).writeRoot(draft.root, IndexLevel.none, HIDDEN_ROOT);
  }

  /** Drops the indexes that are not in `definitions`, and begins those that are new. */
  setIndexes(definitions: readonly IndexDefinition[]): void {
    const wanted = new Map(definitions.map(({ pattern, by }) => [JSON.stringify({ pattern, by }), { pattern, by }]));
    const kept: StoredIndex[] = [];
    const dropped: StoredIndex[] = [];
    for (const index of this.#meta.indexes) (wanted.delete(nameOf(index)) ? kept : dropped).push(index);
    if (wanted.size === 0 && dropped.length === 0) return;
    this.#transact((ids) => {
      for (const { id } of dropped) detachIndex(this.#environment, id);
      const begun = [...wanted.values()].map((definition) => ({ id: ids.next(), definition, complete: false }));
      return { indexes: [...kept, ...begun] };
    });
    this.#builder = IndexBuilder.of(this.#environment, this.#meta);
  }

  /** Does a bounded piece of the work that can wait: building indexes, deleting garbage. Returns whether there is more. */
  workSlice(): boolean {
    if (this.#builder) this.#buildSlice(this.#builder);
    else this.#environment.root.transactionSync(() => this.#cleanUp());
    return this.hasWork;
  }

  #cleanUp(): void {
    if (this.#hasLeftovers) dropHiddenTree(this.#environment);
    else collectSlice(this.#environment);
  }

  #buildSlice(builder: IndexBuilder): void {
    let complete = false;
    this.#transact(() => {
      complete = builder.slice();
      if (!complete) return {};
      return { indexes: this.#meta.indexes.map((index) => (index.id === builder.id ? { ...index, complete } : index)) };
    });
    if (complete) this.#builder = IndexBuilder.of(this.#environment, this.#meta);
  }

  /** `work` says what changes in the meta record. What it saw and did is void if the transaction fails. */
  #transact(work: (ids: IdSource) => Partial<Meta>): void {
    let meta = this.#meta;
    this.#environment.root.transactionSync(() => {
      let { nextId } = this.#meta;
      const change = work({ next: () => nextId++ });
      meta = { ...this.#meta, ...change, nextId };
      writeMeta(this.#environment, meta);
    });
    this.#meta = meta;
  }
}

function nameOf(index: StoredIndex): string {
  return JSON.stringify(index.definition);
}
