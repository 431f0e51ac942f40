export { type AsyncStorage, type KeyValueOptions, keyValue } from './async-storage.js';
export { type IndexedDbOptions, indexedDb } from './indexed-db.js';
export type { Persistence, StoredListen, SyncStore, Warn } from './sync-store.js';
