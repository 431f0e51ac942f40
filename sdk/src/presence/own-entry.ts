import { createPushIds, getAt, type Json, type Node, nodeFromJson, type Path } from '@backside/tree';
import type { Connection, Status } from '../link/connection.js';
import { RefusedError } from '../link/refused-error.js';
import type { WireStep, WireWrite } from '../link/write.js';

export interface OwnEntryOptions {
  readonly connection: Pick<Connection, 'status' | 'onStatus' | 'serverTimeOffset' | 'write'>;
  readonly path: Path;
  readonly graceMs: number;
  /** Told why an entry could not be made anew on a later connection; the one after it tries again. */
  readonly report: (error: unknown) => void;
}

/** Where this client stands in the list on one connection. */
interface Place {
  readonly uid: string;
  /** Of this connection alone: what an older one leaves to be removed never meets it. */
  readonly id: string;
  /** What it last said there. */
  wish: Wish;
  /** Revision from which on the server has it; null while it was not acknowledged. */
  revision: number | null;
}

/** What somebody who joined said. */
interface Wish {
  readonly uid: string;
  readonly meta: Json;
}

/** Keeps this client in the list while it wants to be there: a new entry on every connection, which takes the old one's place. */
export class OwnEntry {
  readonly #options: OwnEntryOptions;
  readonly #newId: () => string;
  #wish: Wish | null = null;
  #place: Place | null = null;
  /** Where it still stands of an older connection, unless the server has removed that by now. */
  #before: Place | null = null;
  /** Resolves the joins that wait for a connection. */
  #waiting: ((announced: Promise<void>) => void)[] = [];
  #unwatch: (() => void) | null = null;

  constructor(options: OwnEntryOptions) {
    this.#options = options;
    const now = (): number => Date.now() + options.connection.serverTimeOffset;
    this.#newId = createPushIds({ now, random: Math.random });
  }

  /** See `Presence.join`. */
  join(uid: string, meta: Json): Promise<void> {
    this.#wish = { uid, meta };
    this.#unwatch ??= this.#options.connection.onStatus((status) => this.#statusChanged(status));
    if (this.#options.connection.status === 'online') return this.#announceOnce();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** As `join` was asked for: who is refused does not try again. */
  async #announceOnce(): Promise<void> {
    const wish = this.#wish;
    const before = this.#place?.wish ?? null;
    try {
      await this.#announce();
    } catch (error) {
      if (error instanceof RefusedError && this.#wish === wish) this.#wish = before;
      throw error;
    }
  }

  #statusChanged(status: Status): void {
    if (status === 'online') {
      this.#leavePlace();
      if (this.#waiting.length > 0) this.#resolveWaiting(this.#announceOnce());
      else this.#announce().catch(this.#options.report);
    } else if (status === 'closed') {
      if (this.#waiting.length > 0) this.#resolveWaiting(this.#announceOnce());
      this.#stopWatching();
    } else {
      this.#leavePlace();
    }
  }

  #resolveWaiting(announced: Promise<void>): void {
    for (const resolve of this.#waiting.splice(0)) resolve(announced);
  }

  /** The connection is another one: so is the entry. */
  #leavePlace(): void {
    this.#before = this.#place ?? this.#before;
    this.#place = null;
  }

  #announce(): Promise<void> {
    const wish = this.#wish;
    if (wish === null) return Promise.resolve();
    return this.#place?.uid === wish.uid ? this.#say(this.#place, wish) : this.#enter(wish);
  }

  /** The entry is there: only the meta is another. */
  async #say(place: Place, wish: Wish): Promise<void> {
    const path = this.#pathOf(place);
    await this.#write({ steps: [{ method: 'set', path, value: wish.meta }] });
    place.wish = wish;
  }

  /** First what takes the entry back, then the entry, in one commit with the end of the one before. */
  async #enter(wish: Wish): Promise<void> {
    const place: Place = { uid: wish.uid, id: this.#newId(), wish, revision: null };
    const { graceMs } = this.#options;
    const path = this.#pathOf(place);
    const before = this.#place ?? this.#before;
    this.#place = place;
    this.#before = null;
    const steps: WireStep[] = [{ method: 'set', path, value: wish.meta }];
    if (before !== null) steps.push({ method: 'remove', path: this.#pathOf(before) });
    const removal = this.#write({ steps: [{ method: 'remove', path }], onDisconnect: 'remove', graceMs });
    const entry = this.#write({ steps });
    try {
      const [{ revision }] = await Promise.all([entry, removal]);
      place.revision = revision;
    } catch (error) {
      if (this.#place === place) this.#place = null;
      this.#takeBack(place).catch(this.#options.report);
      throw error;
    }
  }

  /** See `Presence.leave`. */
  async leave(): Promise<void> {
    const place = this.#place ?? this.#before;
    this.#wish = null;
    this.#place = null;
    this.#before = null;
    this.#stopWatching();
    this.#resolveWaiting(Promise.resolve());
    if (place !== null) await this.#takeBack(place);
  }

  #stopWatching(): void {
    this.#unwatch?.();
    this.#unwatch = null;
  }

  async #takeBack(place: Place): Promise<void> {
    const path = this.#pathOf(place);
    const removed = this.#write({ steps: [{ method: 'remove', path }] });
    const cancelled = this.#write({ steps: [{ method: 'remove', path }], onDisconnect: 'cancel' });
    await Promise.all([removed, cancelled]);
  }

  /** Enters again if the server's state lacks an entry that it had: somebody took it for the one of a dead connection. */
  seen(node: Node, revision: number): void {
    const place = this.#place;
    if (place === null || place.revision === null || revision < place.revision) return;
    if (getAt(node, [place.uid, place.id]) !== null || this.#options.connection.status !== 'online') return;
    this.#leavePlace();
    this.#announce().catch(this.#options.report);
  }

  #pathOf({ uid, id }: Pick<Place, 'uid' | 'id'>): Path {
    return [...this.#options.path, uid, id];
  }

  #write(write: Pick<WireWrite, 'steps' | 'onDisconnect' | 'graceMs'>): ReturnType<Connection['write']> {
    return this.#options.connection.write({ key: this.#newId(), ackLevel: 'durable', ...write });
  }
}

/** What can be kept in the tree: nothing is not, so that it is `true` instead. */
export function keepable(meta: Json): Json {
  return nodeFromJson(meta) === null ? true : meta;
}
