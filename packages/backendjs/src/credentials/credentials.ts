import { createHash, randomBytes } from 'node:crypto';
import type { PrivateTree } from '@backside/auth';
import { BacksideError } from '@backside/protocol';
import type { Json, Path } from '@backside/tree';
import { LegacyError } from '../http/legacy-error.js';
import { decodeKey, encodeKey } from '../rows/encode-key.js';
import type { Credential } from './credential.js';
import { credentialOf, recordOf } from './credential-record.js';
import type { SecretBox } from './secret-box.js';
import type { UserAccounts } from './user-accounts.js';

/** What a new credential may say; the rest is made or empty. */
export interface NewCredential {
  readonly login: string;
  readonly name: string;
  /** The signing secret; drawn if there is none. */
  readonly secret?: string | undefined;
  /** A password for everywhere. Without one the secret is taken as such, where it is good enough. */
  readonly password?: string | undefined;
  /** Columns that only admins may set. */
  readonly admin?: Partial<AdminColumns> | undefined;
}

/** The columns of bk_auth that only admins may set. */
export type AdminColumns = Pick<
  Credential,
  'types' | 'flags' | 'aclDeny' | 'aclAllow' | 'queryDeny' | 'rlimitsMax' | 'rlimitsRate' | 'expires' | 'authSecret'
>;

/** What is left out stays. */
export type CredentialChange = Partial<
  AdminColumns & Pick<Credential, 'name' | 'status' | 'secret' | 'tokenSecret' | 'secretIsPassword'>
>;

const MAX_TRIES = 8;
const MAX_LOGIN_CHARS = 320;

/**
 * The rows of bk_auth, in the private tree. Each is also an account of `@backside/auth` with the same id, which has the password and is what
 * signs in everywhere else. Of one login there is one row, whatever several nodes do at once.
 */
export class Credentials {
  readonly #tree: PrivateTree;
  readonly #box: SecretBox;
  readonly #users: UserAccounts;
  readonly #now: () => number;

  constructor(parts: { tree: PrivateTree; box: SecretBox; users: UserAccounts; now: () => number }) {
    this.#tree = parts.tree;
    this.#box = parts.box;
    this.#users = parts.users;
    this.#now = parts.now;
  }

  /** Throws `invalid-data` if what this node knows was encrypted with another key: better now than at every request. */
  checkKey(): void {
    const [key] = this.#tree.keys(['auth'], { limit: 1 });
    if (key === undefined) return;
    try {
      this.#stored(decodeKey(key));
    } catch (cause) {
      throw new BacksideError('invalid-data', 'The signing secrets were encrypted with another secret key', { cause });
    }
  }

  /** The row of a login as it is written, or null. What this node does not know it looks for in what others have done. */
  async byLogin(login: string): Promise<Credential | null> {
    const known = this.#idOf(login);
    if (known !== null) return this.#read(known);
    await this.#tree.refresh();
    const id = this.#idOf(login);
    return id === null ? null : this.#read(id);
  }

  async byId(id: string): Promise<Credential | null> {
    const known = this.#read(id);
    if (known !== null) return known;
    await this.#tree.refresh();
    return this.#read(id);
  }

  /** A new row and account. Throws 409 if the login is taken, 400 with `policy` for a weak password. */
  async add(wish: NewCredential): Promise<Credential> {
    if (wish.login.length > MAX_LOGIN_CHARS) throw new LegacyError(400, 'login is too long');
    if ((await this.byLogin(wish.login)) !== null) throw loginTaken();
    const id = `u_${randomBytes(16).toString('hex')}`;
    const { hasPassword } = await this.#users.create({ id, ...wish });
    try {
      const secretIsPassword = hasPassword && wish.password === undefined;
      return await this.#insert(this.#newRow(id, { ...wish, secretIsPassword }));
    } catch (error) {
      await this.#users.delete(id);
      throw error;
    }
  }

  /**
   * A row for an account that was made elsewhere, with a drawn secret; the one that there is, if there is one. Where another account has
   * the login, it is the id.
   */
  async adopt(user: { readonly id: string; readonly login: string; readonly name: string }): Promise<Credential> {
    const there = await this.byId(user.id);
    if (there !== null) return there;
    const login = (await this.byLogin(user.login)) === null ? user.login : user.id;
    try {
      return await this.#insert(this.#newRow(user.id, { ...user, login, secretIsPassword: false }));
    } catch (error) {
      const meanwhile = this.#read(user.id);
      if (meanwhile === null) throw error;
      return meanwhile;
    }
  }

  /**
   * Throws `not-found`. A new secret is also the new password, if the old one is: 400 if it is too weak for that. Who only has a secret that
   * was the password once does not get at the one that was set since.
   */
  async change(id: string, change: CredentialChange): Promise<Credential> {
    let isPassword: boolean | null = null; // of the old secret: asked once, since the answer changes with the new one
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const stored = this.#tree.read(rowPath(id));
      const before = credentialOf(id, stored, this.#box);
      if (before === null) throw new BacksideError('not-found', 'No account record found');
      const moved = change.secret !== undefined && change.secret !== before.secret;
      isPassword ??= before.secretIsPassword && (!moved || (await this.#users.hasPassword(id, before.secret)));
      if (moved && isPassword) await this.#users.setPassword(id, change.secret);
      const after: Credential = { ...before, secretIsPassword: isPassword, ...change, mtime: this.#now() };
      const done = await this.#try(
        [{ path: rowPath(id), value: recordOf(after, this.#box) }],
        [{ path: rowPath(id), value: stored }],
      );
      if (done) return after;
    }
    throw new BacksideError('unavailable', 'The account is being changed by many at once');
  }

  /** From now on nobody knows the account, here or elsewhere; only its login stays taken, until it is removed. */
  async retire(id: string): Promise<void> {
    await this.#tree.update([{ path: retiredPath(id), value: this.#now() }]);
    await this.#users.disable(id);
  }

  /** The ids of accounts that are retired and not yet removed, as all nodes know them: the first `limit`, or the first behind `after`. */
  async retired(limit: number, after?: string): Promise<string[]> {
    await this.#tree.refresh();
    return this.#tree.keys(RETIRED, { limit, after: after === undefined ? after : encodeKey(after) }).map(decodeKey);
  }

  /**
   * Removes the account everywhere, then the row, and frees the login if it still is that of the row. Nothing happens if there is none.
   * Rejects with `precondition-failed` if somebody else frees the login meanwhile; trying again then does no harm.
   */
  async remove(id: string): Promise<void> {
    await this.#users.delete(id);
    await this.#tree.refresh();
    const login = this.#stored(id)?.login;
    const freed = login !== undefined && this.#idOf(login) === id ? [loginPath(login)] : [];
    await this.#tree.update(
      [rowPath(id), retiredPath(id), ...freed].map((path) => ({ path, value: null })),
      freed.map((path) => ({ path, value: id })),
    );
  }

  #newRow(id: string, wish: Omit<NewCredential, 'password'> & { readonly secretIsPassword: boolean }): Credential {
    const now = this.#now();
    return {
      id,
      login: wish.login,
      name: wish.name,
      status: '',
      types: [],
      flags: [],
      secret: wish.secret ?? randomSecret(),
      authSecret: '',
      tokenSecret: randomSecret(),
      aclDeny: '',
      aclAllow: '',
      queryDeny: '',
      rlimitsMax: 0,
      rlimitsRate: 0,
      expires: 0,
      secretIsPassword: wish.secretIsPassword,
      ctime: now,
      mtime: now,
      ...wish.admin,
    };
  }

  /** Throws 409 if the login is taken; of two that come at once one is told so. */
  async #insert(credential: Credential): Promise<Credential> {
    const { id, login } = credential;
    const done = await this.#try(
      [
        { path: rowPath(id), value: recordOf(credential, this.#box) },
        { path: loginPath(login), value: id },
      ],
      [
        { path: rowPath(id), value: null },
        { path: loginPath(login), value: null },
      ],
    );
    if (!done) throw loginTaken();
    return credential;
  }

  /** False if something else stood where a value was expected. */
  async #try(...edit: Parameters<PrivateTree['update']>): Promise<boolean> {
    try {
      await this.#tree.update(...edit);
      return true;
    } catch (error) {
      if (!(error instanceof BacksideError) || error.code !== 'precondition-failed') throw error;
      await this.#tree.refresh();
      return false;
    }
  }

  #idOf(login: string): string | null {
    const id: Json = this.#tree.read(loginPath(login));
    return typeof id === 'string' ? id : null;
  }

  /** Null for an account that is retired, too. */
  #read(id: string): Credential | null {
    if (id === '' || this.#tree.read(retiredPath(id)) !== null) return null;
    return this.#stored(id);
  }

  #stored(id: string): Credential | null {
    return credentialOf(id, this.#tree.read(rowPath(id)), this.#box);
  }
}

/** A secret that nobody can guess: 64 hexadecimal digits. */
export function randomSecret(): string {
  return randomBytes(32).toString('hex');
}

/** By id: when the removal of an account was begun. */
const RETIRED: Path = ['retired'];

function retiredPath(id: string): Path {
  return [...RETIRED, encodeKey(id)];
}

function rowPath(id: string): Path {
  return ['auth', encodeKey(id)];
}

/** What a client typed is never itself a key. */
function loginPath(login: string): Path {
  return ['auth_by_login', createHash('sha256').update(login).digest('hex')];
}

function loginTaken(): LegacyError {
  return new LegacyError(409, 'This login is already taken', 'DUPLICATE');
}
