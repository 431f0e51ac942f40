import { DESTINATIONS } from '@backside/protocol';
import type { Connection, ListenTarget } from '../link/connection.js';
import type { SyncStore } from '../offline/sync-store.js';

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
 * first, with the writes that wait. To be nobody for a while drops nothing.
 */
export class StoredUser {
  /** The user whose data an earlier process has left; undefined if that is not known, and once the server has said who this one is. */
  earlier: string | undefined;
  readonly #options: StoredUserOptions;
  #last: Promise<unknown>;

  constructor(options: StoredUserOptions) {
    this.#options = options;
    options.store.hold(NOTE);
    let isTold = false;
    const load = async (): Promise<void> => {
      const uid = await this.#read();
      if (!isTold) this.earlier = uid;
    };
    this.#last = load().catch(options.report);
    options.connection.onUser((user) => {
      isTold = true;
      this.earlier = undefined;
      if (user?.uid !== undefined) this.#become(user.uid);
    });
  }

  /** Resolves once `earlier` is known. */
  loaded(): Promise<unknown> {
    return this.#last;
  }

  /** Drops all that is stored. */
  async clear(): Promise<void> {
    const { store, connection } = this.#options;
    await this.#last;
    this.earlier = undefined;
    await store.clear();
    if (connection.user?.uid !== undefined) await this.#note(connection.user.uid);
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
