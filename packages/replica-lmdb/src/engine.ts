import type { Commit } from '@backside/protocol';
import type { IndexDefinition } from '@backside/store';
import { DraftTree } from './draft.js';
import { DraftWriter, type IdSource } from './draft-writer.js';
import { type Environment, readMeta, recordReader, writeMeta } from './environment.js';
import { collectSlice, detachIndex, detachMap, hasGarbage } from './garbage.js';
import { IndexBuilder } from './index-builder.js';
import { IndexLevel } from './index-levels.js';
import type { Meta, StoredIndex } from './meta.js';
import { ROOT_ID } from './node-key.js';

/**
 * The one writer of an environment. Every method is one LMDB transaction that also moves the meta record: it happens
 * entirely, and is on disk when the method returns, or not at all, and then the method throws and may be called again.
 */
export class Engine {
  readonly #environment: Environment;
  readonly #maxPacked: number | undefined;
  #meta: Meta;
  #builder: IndexBuilder | null;

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
    return this.#builder !== null || hasGarbage(this.#environment);
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
      this.#removeRoot();
      return { epoch, revision: 0 };
    });
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
    else this.#environment.root.transactionSync(() => collectSlice(this.#environment));
    return this.hasWork;
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

  #removeRoot(): void {
    const place = { id: ROOT_ID, key: '' };
    const stored = recordReader(this.#environment).read(place.id, place.key);
    if (!stored) return;
    if (stored.kind === 'split') detachMap(this.#environment, stored.id);
    this.#environment.nodes.remove(place);
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
