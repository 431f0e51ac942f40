import type { KeyValue, KeyValueEdit, KeyValueEntry } from './key-value.js';

const STORE = 'records';
/** Sorts behind every key that begins with a prefix, when put behind that. */
const LAST = '\uffff';

/**
 * Records in one IndexedDB database, which is made when it is missing. Browsers close databases by themselves, as when somebody clears
 * the data of the site or deletes them from another page: then it is opened, and made, anew.
 */
export class DatabaseStorage implements KeyValue {
  readonly #factory: IDBFactory;
  readonly #name: string;
  #database: Promise<IDBDatabase>;
  #closed = false;

  constructor(factory: IDBFactory, name: string) {
    this.#factory = factory;
    this.#name = name;
    this.#database = this.#open();
  }

  /** Rejects if the browser gives no database here. */
  async opened(): Promise<void> {
    await this.#database;
  }

  async get(key: string): Promise<string | null> {
    const store = (await this.#begin('readonly')).objectStore(STORE);
    const value: unknown = await resultOf(store.get(key));
    return typeof value === 'string' ? value : null;
  }

  /** One transaction, so all or nothing; `strict` durability where the browser knows it. */
  async write(edits: readonly KeyValueEdit[]): Promise<void> {
    const transaction = await this.#begin('readwrite');
    const store = transaction.objectStore(STORE);
    for (const [key, value] of edits) {
      if (value === null) store.delete(key);
      else store.put(value, key);
    }
    // Without it the browser drops what a page that is about to end has just written.
    transaction.commit();
    await completed(transaction);
  }

  async entries(prefix: string): Promise<readonly KeyValueEntry[]> {
    const store = (await this.#begin('readonly')).objectStore(STORE);
    const range = IDBKeyRange.bound(prefix, prefix + LAST);
    const [keys, values] = await Promise.all([resultOf(store.getAllKeys(range)), resultOf(store.getAll(range))]);
    return keys.map((key, at) => [String(key), textOf(values[at])]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const database = await this.#database.catch(() => null);
    database?.close();
  }

  #open(): Promise<IDBDatabase> {
    const opened = open(this.#factory, this.#name);
    opened.catch(() => {
      // Every call rejects with it.
    });
    return opened;
  }

  async #begin(mode: IDBTransactionMode): Promise<IDBTransaction> {
    const present = this.#database;
    try {
      return (await present).transaction(STORE, mode, { durability: 'strict' });
    } catch (error) {
      if (this.#closed) throw error;
      if (present === this.#database) this.#database = this.#open();
      return (await this.#database).transaction(STORE, mode, { durability: 'strict' });
    }
  }
}

/** What is no text was written by something else; as empty text it fails to be a record. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function open(factory: IDBFactory, name: string): Promise<IDBDatabase> {
  const request = factory.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return resultOf(request).then((database) => {
    database.onversionchange = () => database.close();
    return database;
  });
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('the transaction was aborted'));
  });
}
