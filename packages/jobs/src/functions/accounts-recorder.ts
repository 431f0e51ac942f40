import type { Database } from '@backside/api';
import { BacksideError, type Commit, type Logger } from '@backside/protocol';
import { getAt, isPrefix, type Json, leafValue, type Node, nodeToJson } from '@backside/tree';
import type { UserEvent } from './define.js';
import type { FunctionStore } from './function-store.js';
import type { AccountsSource } from './options.js';
import { PLACES } from './places.js';
import type { Registry, WatchedFunction } from './registry.js';
import { entryKey, eventId, pendingEntry } from './stored-event.js';

/** Commits without a new account that are passed over before that is stored. */
const MAX_UNSTORED = 1_000;

/** How far the journal that accounts are in was recorded. */
interface Position {
  readonly epoch: string;
  readonly revision: number;
}

export interface AccountsRecorderOptions {
  readonly source: AccountsSource;
  readonly store: FunctionStore;
  readonly registry: Registry;
  readonly database: Database;
  readonly logger: Logger;
  /** Called once there are new entries of these functions. */
  readonly recorded: (names: ReadonlySet<string>) => void;
}

/** Turns commits that make accounts into events that wait to be run. Events and position are stored as one. */
export class AccountsRecorder {
  readonly #options: AccountsRecorderOptions;
  #position: Position | null = null;
  #storedRevision = 0;

  constructor(options: AccountsRecorderOptions) {
    this.#options = options;
  }

  /** Records what is new. After a failure the next call goes on from what is stored. */
  async step(): Promise<void> {
    const { registry, source } = this.#options;
    const watched = registry.watched.filter(({ trigger }) => trigger.kind === 'user-created');
    if (watched.length === 0) {
      this.#position = null;
      return;
    }
    try {
      this.#position ??= await this.#begin(watched);
      if (this.#position.revision < source.revision()) await this.#readOn(this.#position, watched);
    } catch (error) {
      this.#position = null;
      throw error;
    }
  }

  /** Functions that were all new once begin with the oldest one's first revision, wherever an older position was left. */
  async #begin(watched: readonly WatchedFunction[]): Promise<Position> {
    const { store, source } = this.#options;
    const { epoch } = source.journal;
    const oldest = Math.min(...watched.map(({ since }) => since));
    const stored = store.json(PLACES.accounts) as unknown as Position | null;
    const revision = stored?.epoch === epoch ? Math.max(stored.revision, oldest) : oldest;
    return { epoch, revision: Math.min(revision, source.revision()) };
  }

  async #readOn(from: Position, watched: readonly WatchedFunction[]): Promise<void> {
    const { source, logger } = this.#options;
    const target = source.revision();
    try {
      for await (const commits of source.journal.commits(from.revision)) {
        for (const commit of commits) if (commit.revision <= target) await this.#record(commit, watched);
      }
    } catch (error) {
      if (!(error instanceof BacksideError && error.code === 'not-found')) throw error;
      const fields = { from: from.revision, to: target };
      logger.error(
        fields,
        'the journal has dropped commits that functions have not seen: accounts made in them get no event',
      );
    }
    this.#position = { epoch: from.epoch, revision: target };
    if (target - this.#storedRevision >= MAX_UNSTORED) await this.#store(this.#position, []);
  }

  async #record(commit: Commit, watched: readonly WatchedFunction[]): Promise<void> {
    const { source, recorded } = this.#options;
    const created = commit.changes.filter(
      ({ path, value }) =>
        path.length === source.path.length + 1 &&
        isPrefix(source.path, path) &&
        leafValue(getAt(value, ['version'])) === 1,
    );
    if (created.length === 0) return;
    const names = watched.filter(({ since }) => since < commit.revision).map(({ name }) => name);
    const entries = created.flatMap(({ path, value }, index) =>
      names.map((name) => this.#entry(name, { key: path.at(-1) as string, value, commit, index })),
    );
    await this.#store({ epoch: source.journal.epoch, revision: commit.revision }, entries);
    recorded(new Set(names));
  }

  #entry(name: string, account: NewAccount): ReturnType<typeof pendingEntry> {
    const { source, database } = this.#options;
    const key = entryKey('u', account.commit.revision, account.index);
    const user = userOf(account);
    const event: Omit<UserEvent, 'attempt'> = {
      id: eventId(source.journal.epoch, name, key),
      time: account.commit.time,
      user,
    };
    return pendingEntry(name, key, { event, head: database.revision });
  }

  async #store(position: Position, entries: readonly ReturnType<typeof pendingEntry>[]): Promise<void> {
    await this.#options.store.write([...entries, { path: PLACES.accounts, value: JSON.stringify(position) }]);
    this.#storedRevision = position.revision;
  }
}

interface NewAccount {
  /** Below the path of accounts. */
  readonly key: string;
  readonly value: Node;
  readonly commit: Commit;
  readonly index: number;
}

/** `auth` keeps an account below its uid, with `~` in place of `.`. */
function userOf({ key, value }: NewAccount): UserEvent['user'] {
  const record = Object(nodeToJson(value, 'val')) as Record<string, Json>;
  const text = (name: string): string | null => (typeof record[name] === 'string' ? record[name] : null);
  return {
    uid: key.replaceAll('~', '.'),
    email: text('email'),
    username: text('username'),
    displayName: text('displayName'),
    anonymous: record.anonymous === true,
  };
}
