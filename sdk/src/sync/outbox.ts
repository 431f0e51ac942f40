import type { Connection } from '../link/connection.js';
import { ClosedError } from '../link/refused-error.js';
import type { WireAck, WireWrite } from '../link/write.js';
import type { SyncStore } from '../offline/sync-store.js';
import type { StoredUser } from './stored-user.js';

/**
 * The way of writes to the server: each is stored first, if there is a store, and goes out in the order in which it came. It stays
 * stored until it is answered, so what was not, when the process ended, is sent again, with its idempotency key, for the user who made
 * it.
 */
export class Outbox {
  readonly #connection: Connection;
  readonly #store: SyncStore | null;
  readonly #user: StoredUser | null;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ connection, store }: { connection: Connection; store: SyncStore | null }, user: StoredUser | null) {
    this.#connection = connection;
    this.#store = store;
    this.#user = user;
  }

  /** Settles as `Connection.write` does. Rejects with the store's error if the write could not be stored; then it is not made. */
  async send(write: WireWrite, signal?: AbortSignal): Promise<WireAck> {
    const store = isStored(write) ? this.#store : null;
    if (store === null) {
      await this.turn(async () => signal?.throwIfAborted());
      return this.#connection.write(write, signal);
    }
    let own = write;
    await this.turn(() => {
      own = signed(write, this.#user?.earlier);
      return store.saveWrite(signed(own, own.author ?? this.#connection.user?.uid));
    });
    return this.resend(own, signal);
  }

  /** As `send`, for a write that is stored. */
  async resend(write: WireWrite, signal?: AbortSignal): Promise<WireAck> {
    try {
      const ack = await this.#connection.write(write, signal);
      await this.#store?.dropWrite(write.key);
      return ack;
    } catch (error) {
      if (!(error instanceof ClosedError)) await this.#store?.dropWrite(write.key);
      throw error;
    }
  }

  /** Does something once all writes so far are stored; those to come wait for it. */
  turn(step: () => Promise<unknown>): Promise<unknown> {
    const turn = this.#last.then(step);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

/** A condition on the data, or what is left for the end of a connection, means nothing to another process. */
function isStored({ ifMatch, onDisconnect }: WireWrite): boolean {
  return ifMatch === undefined && onDisconnect === undefined;
}

function signed(write: WireWrite, author: string | undefined): WireWrite {
  return author === undefined ? write : { ...write, author };
}
