import type { StoredRecord } from './record.js';

/** Records of one snapshot that were met lately, by the id of their parent and their key. Starts again when it is full. */
export class RecordCache {
  readonly #maxRecords: number;
  readonly #maps: Map<number, Map<string, StoredRecord | null>> = new Map();
  #size = 0;

  constructor(maxRecords: number) {
    this.#maxRecords = maxRecords;
  }

  /** null for a key that is known to have no record, undefined if nothing is known. */
  get(id: number, key: string): StoredRecord | null | undefined {
    return this.#maps.get(id)?.get(key);
  }

  /** Adds what `get` did not know. */
  add(id: number, key: string, record: StoredRecord | null): void {
    if (this.#size === this.#maxRecords) {
      this.#maps.clear();
      this.#size = 0;
    }
    this.#size += 1;
    const siblings = this.#maps.get(id);
    if (siblings) siblings.set(key, record);
    else this.#maps.set(id, new Map([[key, record]]));
  }
}
