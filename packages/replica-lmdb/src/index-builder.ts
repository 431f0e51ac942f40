import { compareInOrder, type Order, type Path } from '@backside/tree';
import { type Environment, type RecordReader, recordReader } from './environment.js';
import { type IndexedValue, indexedPath, indexedValueOfRecord } from './indexed-value.js';
import type { Meta, StoredIndex } from './meta.js';
import { ROOT_ID } from './node-key.js';
import { decodeRecord, type StoredRecord } from './record.js';

/**
 * How many records one slice looks at: some tenths of a second of work, in which checkpoints wait. In slices that are much
 * smaller, each of them would write most pages of a large index again.
 */
const SLICE_RECORDS = 100_000;

const BY_VALUE: Order = { by: 'value' };
const NOTHING: Uint8Array = new Uint8Array(0);

interface Entry {
  readonly map: number;
  readonly key: string;
  readonly value: IndexedValue;
}

/**
 * Fills one index with what the tree holds, slice by slice, while commits go on: these keep the entries of what they touch
 * right whether or not the builder was there, and a slice writes what the records say at its time.
 */
export class IndexBuilder {
  readonly id: number;
  readonly #environment: Environment;
  readonly #records: RecordReader;
  readonly #pattern: Path;
  readonly #by: Path;
  /** Where the last slice stopped: the keys from the root, of which the last is done. */
  #resume: Path = [];
  #left = 0;

  constructor(environment: Environment, index: StoredIndex) {
    this.id = index.id;
    this.#environment = environment;
    this.#records = recordReader(environment);
    this.#pattern = index.definition.pattern;
    this.#by = indexedPath(index.definition);
  }

  /** The builder of the first index that is not complete; null if all are. */
  static of(environment: Environment, meta: Meta): IndexBuilder | null {
    const index = meta.indexes.find(({ complete }) => !complete);
    return index ? new IndexBuilder(environment, index) : null;
  }

  /** Indexes some more records, inside a write transaction. Returns whether the index is complete. */
  slice(): boolean {
    this.#left = SLICE_RECORDS;
    const entries: Entry[] = [];
    const complete = this.#visit(this.#records.read(ROOT_ID, ''), [], entries);
    entries.sort((a, b) => a.map - b.map || compareInOrder(BY_VALUE, a.value, a.key, b.value, b.key));
    for (const entry of entries) this.#environment.index.put({ index: this.id, ...entry }, NOTHING);
    return complete;
  }

  /** Returns false when the slice is full; then `#resume` is where. Maps that are not split need no index. */
  #visit(record: StoredRecord | null, path: Path, entries: Entry[]): boolean {
    if (record?.kind !== 'split') return true;
    const name = this.#pattern[path.length];
    if (name !== undefined && !name.startsWith('$')) {
      return this.#visit(this.#records.read(record.id, name), [...path, name], entries);
    }
    const range = { start: { id: record.id, key: this.#resumeKey(path) }, end: { id: record.id + 1, key: '' } };
    for (const { key, value } of this.#environment.nodes.getRange(range)) {
      const child = [...path, key];
      if (this.#isDone(child)) continue;
      const found = decodeRecord(value, this.#environment.nodes.lastSize);
      if (name === undefined) {
        entries.push({ map: record.id, key, value: indexedValueOfRecord(this.#records, found, this.#by) });
      } else if (!this.#visit(found, child, entries)) {
        return false;
      }
      if (--this.#left <= 0) return this.#stop(child);
    }
    return true;
  }

  #stop(path: Path): boolean {
    this.#resume = path;
    return false;
  }

  /** The child of the map at `path` to go on with: the one that the last slice stopped in, if it stopped in this map. */
  #resumeKey(path: Path): string {
    return path.every((key, index) => key === this.#resume[index]) ? (this.#resume[path.length] ?? '') : '';
  }

  #isDone(path: Path): boolean {
    return path.length === this.#resume.length && path.every((key, index) => key === this.#resume[index]);
  }
}
