import {
  type AdminPrincipal,
  expiryOf,
  type Logger,
  NOBODY,
  type Principal,
  type UserPrincipal,
} from '@backside/protocol';
import type { Account } from './account.js';
import type { Accounts } from './accounts.js';
import { parseClaims } from './claims.js';
import type { Devices } from './devices.js';
import type { Freshness } from './freshness.js';
import { PATHS } from './paths.js';
import type { PrivateTree } from './private-tree.js';
import { signInRefused } from './refusals.js';
import type { Sessions } from './sessions.js';
import { isValidUid } from './uid.js';
import type { Claims } from './user.js';

/** On what a principal rests; `Principal.session` names it. */
export type Grant =
  | { readonly kind: 'session'; readonly id: string }
  /** Proven on the connection itself: holds as long as nothing voids what the account proved before. */
  | { readonly kind: 'direct'; readonly provider: string; readonly generation: number }
  /** The word of the application on the connection itself: holds as long as nothing voids the account, once there is one. */
  | { readonly kind: 'custom'; readonly generation: number | null }
  | { readonly kind: 'device'; readonly key: string };

/** The provider of sessions and principals that rest on the word of the application. They never act as admins. */
export const CUSTOM = 'custom';

/** The text of a grant. Ids of sessions have no colon, so none is mistaken for another kind. */
function formatGrant(grant: Grant): string {
  switch (grant.kind) {
    case 'session':
      return grant.id;
    case 'device':
      return `device:${grant.key}`;
    case 'custom':
      return `custom:${grant.generation ?? ''}`;
    case 'direct':
      return `direct:${grant.provider}:${grant.generation}`;
  }
}

export function parseGrant(text: string): Grant {
  const [kind, name, generation = ''] = text.split(':');
  if (name === undefined) return { kind: 'session', id: text };
  if (kind === 'device') return { kind, key: name };
  if (kind === 'custom') return { kind, generation: name === '' ? null : Number(name) };
  if (kind === 'direct') return { kind, provider: name, generation: Number(generation) };
  return { kind: 'session', id: text };
}

interface Stores {
  readonly tree: PrivateTree;
  readonly freshness: Freshness;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly devices: Devices;
}

/** Makes principals of accounts, sessions and devices as they are now, and follows what becomes of them. */
export class Principals {
  readonly #stores: Stores;

  constructor(stores: Stores) {
    this.#stores = stores;
  }

  /** Who a grant makes of `uid` at this moment; nobody if it no longer holds, or if only a custom token knew who that is. */
  of(uid: string, grant: Grant, expiresAt?: number): Principal {
    if (grant.kind === 'device') return this.#ofDevice(uid, grant);
    if (grant.kind === 'custom') return NOBODY;
    const account = this.#stores.accounts.get(uid);
    if (account === null || account.disabled) return NOBODY;
    const base = { session: formatGrant(grant), expiresAt };
    if (grant.kind === 'direct') {
      return grant.generation === account.generation
        ? principalOf(account, { ...base, provider: grant.provider })
        : NOBODY;
    }
    const record = this.#stores.sessions.holds(grant.id, account);
    if (record === null) return NOBODY;
    return principalOf(account, { ...base, provider: record.provider, claims: parseClaims(record.claims) });
  }

  /** Who a custom token speaks for. There need be no account; if there is one it must be able to sign in, and no admin's. */
  ofCustomToken(uid: string, claims: Claims, expiresAt: number): Principal {
    const said = { kind: 'user', uid, provider: CUSTOM, claims: systemClaims(uid, CUSTOM, claims), expiresAt } as const;
    return this.#ofApplication(said, null);
  }

  /** `generation`: of the account when the principal was last looked at, null if there was none. */
  #ofApplication(said: UserPrincipal, generation: number | null): Principal {
    const account = this.#stores.accounts.get(said.uid);
    const gone = account === null && generation !== null;
    const voided = account !== null && generation !== null && account.generation !== generation;
    if (gone || voided || account?.disabled || account?.admin) return NOBODY;
    return { ...said, session: formatGrant({ kind: 'custom', generation: account?.generation ?? null }) };
  }

  /** See `Auth.watch`. */
  watch(principal: Principal, changed: (next: Principal) => void): () => void {
    if (principal.kind === 'nobody' || principal.uid === undefined) return () => {};
    const grant = principal.session === undefined ? null : parseGrant(principal.session);
    const paths = [PATHS.account(principal.uid)];
    if (grant?.kind === 'session') paths.push(PATHS.session(grant.id));
    if (grant?.kind === 'device') paths.push(PATHS.device(grant.key));
    let last: Principal = principal;
    const check = (): void => {
      if (last.kind === 'nobody') return;
      const next = this.#successor(last);
      if (JSON.stringify(next) === JSON.stringify(last)) return;
      last = next;
      if (next.kind === 'nobody') end();
      changed(next);
    };
    const unwatch = paths.map((path) => this.#stores.tree.watch(path, check));
    const end = (): void => {
      last = NOBODY;
      for (const stop of unwatch) stop();
    };
    queueMicrotask(check);
    this.#checkOnceWatched(check);
    return end;
  }

  /** See `Auth.current`. */
  current(principal: Principal): Principal {
    if (principal.kind === 'nobody' || principal.uid === undefined) return principal;
    const next = hasExpired(principal, this.#stores.now()) ? NOBODY : this.#successor(principal);
    if (next.kind === 'nobody') throw signInRefused();
    return next;
  }

  /** What changed before the tree's watches took hold is told by nobody. */
  #checkOnceWatched(check: () => void): void {
    const { freshness, logger } = this.#stores;
    freshness.refresh().then(check, (error: unknown) => {
      logger.warn({ err: error }, 'whether a new connection still has its rights could not be looked up once more');
    });
  }

  #successor(last: UserPrincipal | AdminPrincipal): Principal {
    const { uid, session } = last;
    if (uid === undefined || session === undefined) return NOBODY;
    const grant = parseGrant(session);
    if (grant.kind === 'custom') return last.kind === 'user' ? this.#ofApplication(last, grant.generation) : NOBODY;
    return this.of(uid, grant, expiryOf(last) ?? undefined);
  }

  #ofDevice(uid: string, grant: Grant & { kind: 'device' }): Principal {
    const device = this.#stores.devices.get(grant.key);
    if (device === null || device.uid !== uid) return NOBODY;
    const account = uid === grant.key ? null : this.#stores.accounts.get(uid);
    const orphan = uid !== grant.key && account === null;
    if (orphan || account?.disabled || account?.admin) return NOBODY;
    const claims = systemClaims(uid, 'device', device.claims);
    return { kind: 'user', uid, provider: 'device', claims, session: formatGrant(grant) };
  }
}

function hasExpired(principal: Principal, now: number): boolean {
  const expiresAt = expiryOf(principal);
  return expiresAt !== null && expiresAt <= now;
}

/** The account as it acts; nobody for an admin who rests only on the word of the application. */
function principalOf(
  account: Account,
  how: {
    readonly provider: string;
    readonly session: string;
    readonly expiresAt: number | undefined;
    readonly claims?: Claims;
  },
): Principal {
  const { provider, session, expiresAt } = how;
  if (!isValidUid(account.uid) || (account.admin && provider === CUSTOM)) return NOBODY;
  const standing = { uid: account.uid, session, ...(expiresAt === undefined ? {} : { expiresAt }) };
  if (account.admin) return { kind: 'admin', ...standing };
  const given = { ...parseClaims(account.claims), ...providerClaims(account, provider), ...how.claims };
  const claims = systemClaims(account.uid, provider, { ...given, ...identityClaims(account) });
  return { kind: 'user', provider, claims, ...standing };
}

function providerClaims(account: Account, provider: string): Claims {
  const all = account.providerClaims ?? {};
  return Object.hasOwn(all, provider) ? parseClaims(all[provider]) : {};
}

function identityClaims(account: Account): Claims {
  return {
    ...(account.email === undefined ? {} : { email: account.email, email_verified: account.emailVerified === true }),
    ...(account.displayName === undefined ? {} : { name: account.displayName }),
  };
}

/** What the server itself says; nobody else's claims get over it. */
function systemClaims(uid: string, provider: string, claims: Claims): Claims {
  return { ...claims, sub: uid, firebase: { sign_in_provider: provider, identities: {} } };
}
