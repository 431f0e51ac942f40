import type { KeyValue, KeyValueEdit, KeyValueEntry } from './key-value.js';

/** A storage that is not there yet. What is asked of it waits, in its order. */
export class LateStorage implements KeyValue {
  readonly #storage: Promise<KeyValue>;

  constructor(storage: Promise<KeyValue>) {
    this.#storage = storage;
  }

  async get(key: string): Promise<string | null> {
    return (await this.#storage).get(key);
  }

  async write(edits: readonly KeyValueEdit[]): Promise<void> {
    return (await this.#storage).write(edits);
  }

  async entries(prefix: string): Promise<readonly KeyValueEntry[]> {
    return (await this.#storage).entries(prefix);
  }

  async close(): Promise<void> {
    return (await this.#storage).close();
  }
}
