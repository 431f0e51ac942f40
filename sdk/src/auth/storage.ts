/** Where the session outlives a page or a process. It holds a refresh token: whoever reads it is the user. */
export interface AuthStorage {
  get(key: string): Promise<string | null> | string | null;
  set(key: string, value: string): Promise<void> | void;
  remove(key: string): Promise<void> | void;
  /** Calls back when another tab or process has changed the key; the result ends that. Left out where nothing can tell. */
  watch?(key: string, changed: () => void): () => void;
}

/** Forgets with the process; auths made with one storage share a session. */
export function memoryStorage(): AuthStorage {
  const values = new Map<string, string>();
  return {
    get: (key) => values.get(key) ?? null,
    set: (key, value) => void values.set(key, value),
    remove: (key) => void values.delete(key),
  };
}

/** In the page's `localStorage` (the default), shared by all tabs of the origin, or in another `Storage` of the browser. */
export function webStorage(storage: Storage = globalThis.localStorage): AuthStorage {
  return {
    get: (key) => storage.getItem(key),
    set: (key, value) => storage.setItem(key, value),
    remove: (key) => storage.removeItem(key),
    watch: (key, changed) => {
      const hear = (event: StorageEvent): void => {
        if (event.storageArea === storage && (event.key === key || event.key === null)) changed();
      };
      addEventListener('storage', hear);
      return () => removeEventListener('storage', hear);
    },
  };
}

/** What React Native's AsyncStorage and its like have in common. */
export interface AsyncKeyValue {
  getItem(key: string): Promise<string | null>;
  setItem(key: string, value: string): Promise<unknown>;
  removeItem(key: string): Promise<unknown>;
}

/** In any store with `getItem`, `setItem` and `removeItem`. */
export function asyncStorage(store: AsyncKeyValue): AuthStorage {
  return {
    get: (key) => store.getItem(key),
    set: async (key, value) => void (await store.setItem(key, value)),
    remove: async (key) => void (await store.removeItem(key)),
  };
}
