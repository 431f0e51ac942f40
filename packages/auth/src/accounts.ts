import { BacksideError, type ErrorCode } from '@backside/protocol';
import type { Json, Path } from '@backside/tree';
import { type Account, type AccountRecord, edited, type SecretRecord, userOf } from './account.js';
import { type Edit, joinEdits } from './edit.js';
import { type Login, loginKey } from './login.js';
import { PATHS } from './paths.js';
import type { PrivateTree, PrivateValue } from './private-tree.js';
import { uidOfKey } from './uid.js';
import type { User } from './user.js';

/** What an account is to become, and what is to change with it in the same step. */
export interface AccountEdit {
  readonly record: AccountRecord;
  readonly secrets: SecretRecord;
  readonly also?: Edit | undefined;
}

const MAX_TRIES = 8;

/**
 * The accounts of a database and what finds them: logins and identities at providers, each of at most one account, whatever
 * several nodes do at once.
 */
export class Accounts {
  readonly #tree: PrivateTree;

  constructor(tree: PrivateTree) {
    this.#tree = tree;
  }

  get(uid: string): Account | null {
    const record = this.#tree.read(PATHS.account(uid)) as unknown as AccountRecord | null;
    if (record === null) return null;
    const secrets = (this.#tree.read(PATHS.secrets(uid)) ?? {}) as unknown as SecretRecord;
    return { ...record, uid, secrets };
  }

  /** Throws `not-found`. */
  require(uid: string): Account {
    const account = this.get(uid);
    if (account === null) throw new BacksideError('not-found', 'No such account');
    return account;
  }

  byLogin(login: Login): Account | null {
    return this.#at(PATHS.login(loginKey(login)));
  }

  byIdentity(key: string): Account | null {
    return this.#at(PATHS.identity(key));
  }

  /** By the hash of a passkey's id. */
  byPasskey(key: string): Account | null {
    return this.#at(PATHS.passkey(key));
  }

  user(account: Account): User {
    return userOf(account, this.#tree.read(PATHS.lastSignIn(account.uid)) as number | null);
  }

  /** Uids behind `after`, in the order of their keys. */
  uids(range: { readonly afterKey: string | undefined; readonly limit: number }): string[] {
    return this.#tree.keys(PATHS.accounts, { after: range.afterKey, limit: range.limit }).map(uidOfKey);
  }

  /** Whether an account of this uid was deleted at or after `since`. */
  wasDeleted(uid: string, since: number): boolean {
    const at = this.#tree.read(PATHS.deleted(uid));
    return typeof at === 'number' && at >= since;
  }

  /** Throws `precondition-failed` if the uid is taken, `email-in-use`, `username-in-use`. */
  async create(uid: string, edit: AccountEdit): Promise<Account> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      if (this.get(uid) !== null) throw new BacksideError('precondition-failed', 'The uid is taken');
      const created = await this.#commit(uid, null, edit);
      if (created !== null) return created;
    }
    throw tooBusy();
  }

  /**
   * Replaces an account by what `edit` makes of it; called again whenever somebody else was first. Null leaves it as it is.
   * Throws `not-found`, `email-in-use`, `username-in-use` and what `edit` throws.
   */
  async change(uid: string, edit: (account: Account) => AccountEdit | null): Promise<Account> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const account = this.require(uid);
      const next = edit(account);
      if (next === null) return account;
      const changed = await this.#commit(uid, account, next);
      if (changed !== null) return changed;
    }
    throw tooBusy();
  }

  /** Removes the account with its logins and identities, and what `also` removes. */
  async delete(uid: string, also: (account: Account) => Edit): Promise<Account> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const account = this.require(uid);
      const edit = joinEdits(also(account), {
        changes: [
          { path: PATHS.account(uid), value: null },
          { path: PATHS.secrets(uid), value: null },
          { path: PATHS.lastSignIn(uid), value: null },
          ...indexesOf(account).map(({ path }) => ({ path, value: null })),
        ],
        expect: [versionOf(account)],
      });
      if (await this.#tryUpdate(edit)) return account;
    }
    throw tooBusy();
  }

  #at(index: Path): Account | null {
    const uid = this.#tree.read(index);
    return typeof uid === 'string' ? this.get(uid) : null;
  }

  /** The new account, or null if somebody else was first and this node now knows of it. */
  async #commit(uid: string, before: Account | null, edit: AccountEdit): Promise<Account | null> {
    const record = edited(edit.record, { version: (before?.version ?? 0) + 1 });
    const after: Account = { ...record, uid, secrets: edit.secrets };
    const update = joinEdits(
      {
        changes: [
          { path: PATHS.account(uid), value: record as unknown as Json },
          { path: PATHS.secrets(uid), value: edit.secrets as unknown as Json },
        ],
        expect: [before === null ? { path: PATHS.account(uid), value: null } : versionOf(before)],
      },
      this.#indexEdit(before, after),
      edit.also ?? { changes: [], expect: [] },
    );
    return (await this.#tryUpdate(update)) ? after : null;
  }

  /** Moves what finds the account. Throws if another account has it. */
  #indexEdit(before: Account | null, after: Account): Edit {
    const old = before === null ? [] : indexesOf(before);
    const wanted = indexesOf(after);
    const added = wanted.filter((index) => !old.some((other) => samePlace(index, other)));
    const removed = old.filter((index) => !wanted.some((other) => samePlace(index, other)));
    const taken = added.find(({ path }) => this.#tree.read(path) !== null);
    if (taken !== undefined) throw new BacksideError(taken.code);
    return {
      changes: [
        ...added.map(({ path }) => ({ path, value: after.uid })),
        ...removed.map(({ path }) => ({ path, value: null })),
      ],
      expect: added.map(({ path }) => ({ path, value: null })),
    };
  }

  /** False if something else stood where a value was expected; the next reads see what. */
  async #tryUpdate(edit: Edit): Promise<boolean> {
    try {
      await this.#tree.update(edit.changes, edit.expect);
      return true;
    } catch (error) {
      if (!(error instanceof BacksideError) || error.code !== 'precondition-failed') throw error;
      await this.#tree.refresh();
      return false;
    }
  }
}

/** The record of an account without what was added to it when it was read. */
export function recordOf(account: Account): AccountRecord {
  const { uid: _uid, secrets: _secrets, ...record } = account;
  return record;
}

/** Holds only while nothing that was proven before has been made void. */
export function generationOf(account: Account): PrivateValue {
  return { path: [...PATHS.account(account.uid), 'generation'], value: account.generation };
}

function versionOf(account: Account): PrivateValue {
  return { path: [...PATHS.account(account.uid), 'version'], value: account.version };
}

interface Index {
  readonly path: Path;
  /** What to say if it belongs to another account. */
  readonly code: ErrorCode;
}

function indexesOf(account: Account): Index[] {
  const paths = [
    ...Object.values(account.identities ?? {}).map(PATHS.identity),
    ...Object.keys(account.secrets.passkeys ?? {}).map(PATHS.passkey),
  ];
  const indexes: Index[] = paths.map((path) => ({ path, code: 'precondition-failed' }));
  for (const kind of ['email', 'username'] as const) {
    const text = account[kind];
    if (text !== undefined) indexes.push({ path: PATHS.login(loginKey({ kind, text })), code: `${kind}-in-use` });
  }
  return indexes;
}

function samePlace(a: Index, b: Index): boolean {
  return a.path.join('/') === b.path.join('/');
}

function tooBusy(): BacksideError {
  return new BacksideError('unavailable', 'The account is being changed by many at once');
}
