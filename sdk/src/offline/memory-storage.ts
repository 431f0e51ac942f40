import { compareEntries, type KeyValue, type KeyValueEdit, type KeyValueEntry } from './key-value.js';

/** Records that end with the page. */
export class MemoryStorage implements KeyValue {
  readonly #records = new Map<string, string>();

  async get(key: string): Promise<string | null> {
    return this.#records.get(key) ?? null;
  }

  async write(edits: readonly KeyValueEdit[]): Promise<void> {
    for (const [key, value] of edits) {
      if (value === null) this.#records.delete(key);
      else this.#records.set(key, value);
    }
  }

  async entries(prefix: string): Promise<readonly KeyValueEntry[]> {
    return [...this.#records].filter(([key]) => key.startsWith(prefix)).sort(compareEntries);
  }

  async close(): Promise<void> {}
}
