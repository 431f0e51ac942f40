import { createHash } from 'node:crypto';
import { BacksideError } from '@backside/protocol';
import { type Account, type AccountRecord, edited } from './account.js';
import { type Accounts, recordOf } from './accounts.js';
import { formatClaims, withoutReserved } from './claims.js';
import { parseDisplayName } from './display-name.js';
import { parseLogin } from './login.js';
import { createUid } from './uid.js';
import type { Claims } from './user.js';

/** Somebody as a provider knows them. */
export interface Identity {
  readonly provider: string;
  /** Never given to somebody else by the provider. */
  readonly subject: string;
  readonly email: string | null;
  /** Whether the provider vouches for the address. */
  readonly emailVerified: boolean;
  readonly name: string | null;
  /** Null leaves what the provider said before. */
  readonly claims: Claims | null;
}

/** Whose identity it is; `event` says what was done. */
export interface Resolved {
  readonly account: Account;
  readonly event: 'found' | 'linked' | 'created';
}

const MAX_TRIES = 3;

/**
 * To whom identities at providers belong. One that is linked belongs to its account. A new one goes to the account with the same
 * address if the address is verified on both sides, and the account is no admin's and has no other identity there (an address may
 * have been given to somebody else); else to a new account, which gets the
 * address only if the provider vouches for it and no verified account has it. An account that merely claims an address without
 * having verified it loses it to who has.
 */
export class Identities {
  readonly #accounts: Accounts;
  readonly #now: () => number;

  constructor(accounts: Accounts, now: () => number) {
    this.#accounts = accounts;
    this.#now = now;
  }

  /** The account of the identity, made if need be; one, however often it is asked for at once. */
  async resolve(identity: Identity): Promise<Resolved> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#resolve(identity);
      } catch (error) {
        if (tries === MAX_TRIES || !isLostRace(error)) throw error;
      }
    }
  }

  async #resolve(identity: Identity): Promise<Resolved> {
    const found = this.#accounts.byIdentity(identityKey(identity));
    if (found !== null) return { account: await this.#refreshClaims(found, identity), event: 'found' };
    const email = verifiedEmail(identity);
    const holder = email === null ? null : this.#accounts.byLogin({ kind: 'email', text: email });
    const isSame = (account: Account): boolean => account.email === email && isOpenTo(account, identity.provider);
    if (holder !== null && isSame(holder)) {
      return { account: await this.link(holder.uid, identity, isSame), event: 'linked' };
    }
    if (holder !== null && !holder.emailVerified) await this.#yield(holder, email);
    const free = email !== null && !holder?.emailVerified;
    return { account: await this.#create(identity, free ? email : null), event: 'created' };
  }

  /** Gives the identity to the account, if `may` still says so when it is done; else `permission-denied`. An anonymous account becomes a full one. */
  async link(uid: string, identity: Identity, may: (account: Account) => boolean): Promise<Account> {
    const email = verifiedEmail(identity);
    return this.#accounts.change(uid, (account) => {
      if (!may(account)) throw new BacksideError('permission-denied', 'The accounts cannot be linked');
      const named = { ...(account.identities ?? {}), [identity.provider]: identityKey(identity) };
      const free = email !== null && this.#accounts.byLogin({ kind: 'email', text: email }) === null;
      const gains: Partial<AccountRecord> =
        account.anonymous && free && account.email === undefined ? { email, emailVerified: true } : {};
      const record = edited(recordOf(account), {
        ...gains,
        identities: named,
        providerClaims: claimsWith(account, identity),
        anonymous: undefined,
        displayName: account.displayName ?? nameOf(identity),
      });
      return { record, secrets: account.secrets };
    });
  }

  async #create(identity: Identity, email: string | null): Promise<Account> {
    const record = edited<AccountRecord>(
      { version: 0, generation: 1, createdAt: this.#now(), identities: { [identity.provider]: identityKey(identity) } },
      {
        email: email ?? undefined,
        emailVerified: email === null ? undefined : true,
        displayName: nameOf(identity),
        providerClaims: claimsWith(null, identity),
      },
    );
    return this.#accounts.create(createUid(), { record, secrets: {} });
  }

  /** The address goes to who verified it. */
  async #yield(holder: Account, email: string | null): Promise<void> {
    await this.#accounts.change(holder.uid, (account) => {
      if (account.emailVerified || account.email !== email) return null;
      return { record: edited(recordOf(account), { email: undefined }), secrets: account.secrets };
    });
  }

  async #refreshClaims(account: Account, identity: Identity): Promise<Account> {
    return this.#accounts.change(account.uid, (current) => {
      const next = claimsWith(current, identity);
      if (JSON.stringify(next) === JSON.stringify(current.providerClaims)) return null;
      return { record: edited(recordOf(current), { providerClaims: next }), secrets: current.secrets };
    });
  }
}

/** Under which an identity is found. */
function identityKey({ provider, subject }: { readonly provider: string; readonly subject: string }): string {
  return createHash('sha256').update(`${provider}\n${subject}`).digest('hex');
}

/** Whether an identity with the same verified address may be linked without being asked for. */
function isOpenTo(account: Account, provider: string): boolean {
  return account.emailVerified === true && !account.admin && !Object.hasOwn(account.identities ?? {}, provider);
}

/** Whether somebody else took, in between, what was free. */
function isLostRace(error: unknown): boolean {
  return (
    error instanceof BacksideError && ['precondition-failed', 'email-in-use', 'permission-denied'].includes(error.code)
  );
}

function verifiedEmail(identity: Identity): string | null {
  const login = identity.emailVerified && identity.email !== null ? parseLogin(identity.email) : null;
  return login?.kind === 'email' ? login.text : null;
}

function nameOf(identity: Identity): string | undefined {
  return identity.name === null ? undefined : parseDisplayName(identity.name);
}

function claimsWith(account: Account | null, identity: Identity): Readonly<Record<string, string>> | undefined {
  const { provider, claims } = identity;
  if (claims === null) return account?.providerClaims;
  const others = Object.entries(account?.providerClaims ?? {}).filter(([name]) => name !== provider);
  const text = formatClaims(withoutReserved(claims));
  const entries = text === undefined ? others : [...others, [provider, text] as const];
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
