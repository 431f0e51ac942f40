import { defaultEnvironment, type Environment } from '../link/environment.js';
import { DatabaseStorage } from './database-storage.js';
import type { KeyValue } from './key-value.js';
import { LateStorage } from './late-storage.js';
import { type Locks, webLocks } from './locks.js';
import { MemoryStorage } from './memory-storage.js';
import { onlyOwner } from './owners.js';
import { sharedConnection } from './shared-connection.js';
import { DEFAULT_MAX_BYTES, StoredSync } from './stored-sync.js';
import type { Persistence, SyncStore, Warn } from './sync-store.js';
import { Tab } from './tab.js';

export interface IndexedDbOptions {
  /** Tells apart what one origin stores for several users or purposes of the same server. Default ''. */
  readonly scope?: string;
  /** What cached data takes at most, in bytes of UTF-8; queued writes come on top. Default 50,000,000. */
  readonly maxBytes?: number;
  /** Whether the tabs of the origin share one connection, where the browser has locks and channels. Default true. */
  readonly shareConnection?: boolean;
  /** Default those of the page. */
  readonly factory?: IDBFactory;
  readonly locks?: Locks | null;
  readonly channel?: ((name: string) => BroadcastChannel) | null;
  readonly environment?: Partial<Environment>;
}

/**
 * Persistence in IndexedDB, shared by all tabs of an origin: what one of them has listened to is there for the others, each sends
 * the writes that it queued itself, and those of a tab that has ended are sent by another. One tab has the connection and the
 * others use it; see `sharedConnection`.
 *
 * Where the browser gives no database, `warn` is told and nothing outlives the page.
 *
 * What one user leaves is dropped by `Auth.signOut`, or when the server takes the client for another user. Without an auth client it is there
 * for whoever uses the browser until then: call `Database.clearCache` on a sign-out. Users who take turns and are to keep what they had get a `scope` each.
 */
export function indexedDb(options: IndexedDbOptions = {}): Persistence {
  const locks = options.locks === undefined ? webLocks() : options.locks;
  const tabs = new WeakMap<SyncStore, Tab>();
  const group = (name: string): string => `backside/${options.scope ?? ''}/${name}`;
  return {
    open: (name, warn) => {
      const tab = locks === null ? null : new Tab(group(name), locks, warn);
      const store = openStore(group(name), tab, options, warn);
      if (tab !== null) tabs.set(store, tab);
      return store;
    },
    share: (name, create, store, warn) => {
      const tab = tabs.get(store);
      const channel = options.channel === undefined ? broadcastChannels() : options.channel;
      if (tab === undefined || channel === null || options.shareConnection === false) return create();
      const environment = environmentOf(options);
      return sharedConnection({ group: group(name), tab, channel, create, store, environment, warn });
    },
  };
}

function openStore(name: string, tab: Tab | null, options: IndexedDbOptions, warn: Warn): SyncStore {
  const environment = environmentOf(options);
  const stop = onLeaving(() => void store.flush());
  const store: SyncStore = new StoredSync({
    storage: new LateStorage(openStorage(name, options.factory, warn)),
    owners: tab ?? onlyOwner(),
    maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES,
    environment,
    warn,
    onClose: () => {
      stop();
      tab?.leave().catch((cause: unknown) => warn('the lock of this tab was never held', cause));
    },
  });
  return store;
}

/** Where the browser gives no database, as it does not in some private windows and frames, everything but the storage goes on. */
async function openStorage(name: string, factory: IDBFactory | undefined, warn: Warn): Promise<KeyValue> {
  try {
    const storage = new DatabaseStorage(factory ?? globalThis.indexedDB, name);
    await storage.opened();
    return storage;
  } catch (cause) {
    warn('the browser gives no database: nothing outlives this page', cause);
    return new MemoryStorage();
  }
}

function broadcastChannels(): ((name: string) => BroadcastChannel) | null {
  return typeof BroadcastChannel === 'function' ? (name) => new BroadcastChannel(name) : null;
}

function environmentOf({ environment }: IndexedDbOptions): Environment {
  return { ...defaultEnvironment(), ...environment };
}

/** Calls the listener when the page may be about to end, where there is a page. */
function onLeaving(listener: () => void): () => void {
  if (typeof document === 'undefined') return () => {};
  const hidden = (): void => {
    if (document.visibilityState === 'hidden') listener();
  };
  document.addEventListener('visibilitychange', hidden);
  addEventListener('pagehide', listener);
  return () => {
    document.removeEventListener('visibilitychange', hidden);
    removeEventListener('pagehide', listener);
  };
}
