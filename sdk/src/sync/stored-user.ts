import { DESTINATIONS } from '@backside/protocol';
import type { Connection, ListenTarget } from '../link/connection.js';
import type { StoredListen, SyncStore } from '../offline/sync-store.js';

/** Where the store has it: as if that had been listened to. */
const NOTE: ListenTarget = { path: DESTINATIONS.user.slice(1).split('/'), query: null };

export interface StoredUserOptions {
  readonly connection: Connection;
  readonly store: SyncStore;
  readonly report: (error: unknown) => void;
  /** The store was another user's and is empty now. */
  readonly emptied: () => void;
}

/**
 * Whose data is stored: that of the last user for whom the server took this client. When it is another one's turn, all of it is dropped
 * first, with the writes that wait. To be nobody for a while drops nothing; it is not shown then.
 */
export class StoredUser {
  /** The user whose data an earlier process has left; undefined if that is not known, and once the server has said who this one is. */
  earlier: string | undefined;
  /** The uid of whoever is signed in as far as this device knows, null for nobody. */
  expected: (() => Promise<string | null>) | null = null;
  readonly #options: StoredUserOptions;
  /** Who the server has said is here, null for nobody. */
  #told: string | null | undefined;
  #last: Promise<unknown>;

  constructor(options: StoredUserOptions) {
    this.#options = options;
    options.store.hold(NOTE);
    const load = async (): Promise<void> => {
      const uid = await this.#read();
      if (this.#told === undefined) this.earlier = uid;
    };
    this.#last = load().catch(options.report);
    options.connection.onUser((user) => {
      this.#told = user?.uid ?? null;
      this.earlier = undefined;
      if (user?.uid !== undefined) this.#become(user.uid);
    });
  }

  /** Whether what is stored may be shown: not if it is known to be of somebody else than who is here. By then `earlier` is settled. */
  async isHere(): Promise<boolean> {
    const expected = await this.expected?.();
    await this.#last;
    const stored = await this.#read();
    const isHere = [expected, this.#told].every((uid) => uid === undefined || uid === (stored ?? uid));
    if (!isHere) this.earlier = undefined;
    return isHere;
  }

  /** As the store does, of what may be shown. */
  async loadListen(target: ListenTarget): Promise<StoredListen | null> {
    const stored = await this.#options.store.loadListen(target);
    return (await this.isHere()) ? stored : null;
  }

  /** Drops all that is stored. */
  async clear(): Promise<void> {
    const { store, connection } = this.#options;
    await this.#last;
    this.earlier = undefined;
    await store.clear();
    const uid = await (this.expected?.() ?? connection.user?.uid);
    if (uid != null) await this.#note(uid);
  }

  /** Another tab may have been quicker. */
  #become(uid: string): void {
    const { store, report, emptied } = this.#options;
    const follow = async (): Promise<void> => {
      const stored = await this.#read();
      if (stored === uid) return;
      if (stored !== undefined) await store.clear().then(emptied);
      await this.#note(uid);
    };
    this.#last = this.#last.then(follow).catch(report);
  }

  async #read(): Promise<string | undefined> {
    const node = (await this.#options.store.loadListen(NOTE))?.node;
    return typeof node === 'string' ? node : undefined;
  }

  #note(uid: string): Promise<void> {
    const { store } = this.#options;
    store.saveListen(NOTE, () => ({ node: uid, resume: 'user:0' }));
    return store.flush();
  }
}
