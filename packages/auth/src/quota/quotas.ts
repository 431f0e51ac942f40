import { BacksideError, type Principal } from '@backside/protocol';
import { addressBlock } from './address-block.js';
import { Budget } from './budget.js';
import type { QuotaLimits } from './quota-limits.js';

/** Whose quota it is. */
export type QuotaScope = 'user' | 'address';
export type QuotaKind = 'operations' | 'bytes' | 'listens';

/** Accounts that nobody uses but that are in debt are kept, so that to reconnect brings no new budget; so many at most. */
const MAX_IDLE = 10_000;

/** What one user, or all who come from one address, have taken. */
export class Account {
  readonly key: string;
  readonly scope: QuotaScope;
  readonly limits: QuotaLimits;
  readonly operations: Budget;
  readonly bytes: Budget;
  listens = 0;
  /** Sessions and requests that hold it. */
  holders = 0;

  constructor(names: { key: string; scope: QuotaScope }, limits: QuotaLimits, now: number) {
    this.key = names.key;
    this.scope = names.scope;
    this.limits = limits;
    this.operations = new Budget(limits.operationsPerSecond, now);
    this.bytes = new Budget(limits.bytesPerSecond, now);
  }

  refill(now: number): void {
    this.operations.refill(now);
    this.bytes.refill(now);
  }

  /** What an operation of so many bytes would exceed, or null. */
  exceededBy(bytes: number): 'operations' | 'bytes' | null {
    if (!this.operations.covers(1)) return 'operations';
    return this.bytes.covers(bytes) ? null : 'bytes';
  }

  spend(bytes: number): void {
    this.operations.spend(1);
    this.bytes.spend(bytes);
  }

  /** Whether it differs in nothing from a new one. */
  get fresh(): boolean {
    return this.operations.full && this.bytes.full;
  }
}

/** The accounts of everybody who is connected to this process, by whichever edge, and of those who left with a debt. */
export class Quotas {
  readonly now: () => number;
  /** How often what was refused: whose quota it was over, then which. */
  readonly refused: Readonly<Record<QuotaScope, Record<QuotaKind, number>>> = {
    user: { operations: 0, bytes: 0, listens: 0 },
    address: { operations: 0, bytes: 0, listens: 0 },
  };
  readonly #limits: { readonly perUser: QuotaLimits; readonly perAddress: QuotaLimits };
  readonly #held = new Map<string, Account>();
  /** Oldest first. */
  readonly #idle = new Map<string, Account>();

  /** @param now milliseconds since the epoch. */
  constructor(limits: { readonly perUser: QuotaLimits; readonly perAddress: QuotaLimits }, now: () => number) {
    this.#limits = limits;
    this.now = now;
  }

  /** Accounts that are kept now. */
  get size(): number {
    return this.#held.size + this.#idle.size;
  }

  /** The account of a user of this database; null for nobody and for admins. To be paired with `release`. */
  acquireUser(database: string, principal: Principal): Account | null {
    if (principal.kind !== 'user') return null;
    return this.#acquire({ key: `${database} ${principal.uid}`, scope: 'user' }, this.#limits.perUser);
  }

  /** The account of an address. To be paired with `release`. */
  acquireAddress(address: string): Account {
    return this.#acquire({ key: ` ${addressBlock(address)}`, scope: 'address' }, this.#limits.perAddress);
  }

  #acquire(names: { key: string; scope: QuotaScope }, limits: QuotaLimits): Account {
    const account = this.#held.get(names.key) ?? this.#idle.get(names.key) ?? new Account(names, limits, this.now());
    account.holders += 1;
    this.#idle.delete(account.key);
    this.#held.set(account.key, account);
    return account;
  }

  release(account: Account): void {
    account.holders -= 1;
    if (account.holders > 0) return;
    this.#held.delete(account.key);
    this.#idle.set(account.key, account);
    this.#sweep();
  }

  /** Forgets the oldest idle accounts as far as nothing is lost with them, or they are too many. */
  #sweep(): void {
    const now = this.now();
    for (const [key, account] of this.#idle) {
      account.refill(now);
      if (!account.fresh && this.#idle.size <= MAX_IDLE) return;
      this.#idle.delete(key);
    }
  }
}

const OF: Readonly<Record<QuotaScope, string>> = { user: 'this user', address: 'this address' };

/** Refuses an operation for which there is no budget left. */
export function overBudget(account: Account, kind: 'operations' | 'bytes', bytes: number): BacksideError {
  const { operationsPerSecond, bytesPerSecond } = account.limits;
  const waitMs = Math.max(account.operations.waitMs(1), account.bytes.waitMs(bytes));
  const limit = kind === 'operations' ? operationsPerSecond : bytesPerSecond;
  const text = `${OF[account.scope]} may make ${limit} ${kind === 'bytes' ? 'bytes of operations' : 'operations'} per second`;
  if (!Number.isFinite(waitMs)) return new BacksideError('rate-limited', text);
  return new BacksideError('rate-limited', `${text}; come back in ${waitMs} ms`, { retryAfterMs: waitMs });
}

/** Refuses a listen beyond those that may be open. */
export function tooManyListens(account: Account): BacksideError {
  return new BacksideError(
    'limit-exceeded',
    `${OF[account.scope]} may have ${account.limits.listens} subscriptions at a time`,
  );
}
