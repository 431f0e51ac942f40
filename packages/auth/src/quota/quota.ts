import type { Principal } from '@backside/protocol';
import { type Account, overBudget, type Quotas, tooManyListens } from './quotas.js';

/**
 * What one session, or one request, takes, from the account of its user and from that of its address. An admin takes from neither: who
 * administers must get through while others flood.
 */
export class Quota {
  readonly #quotas: Quotas;
  readonly #address: string;
  #ofUser: Account | null = null;
  #ofAddress: Account | null = null;
  #listens = 0;

  constructor(quotas: Quotas, address: string) {
    this.#quotas = quotas;
    this.#address = address;
  }

  /** Counts for this principal from now on, with all that listens now, be it more than would be allowed anew. */
  become(principal: Principal, database: string): void {
    const before = [this.#ofUser, this.#ofAddress];
    this.#ofUser = this.#quotas.acquireUser(database, principal);
    this.#ofAddress = principal.kind === 'admin' ? null : this.#quotas.acquireAddress(this.#address);
    this.#move(this.#listens, [this.#ofUser, this.#ofAddress]);
    this.#giveBack(before);
  }

  /** Takes one operation of so many bytes. Throws `rate-limited`, and takes nothing then. `now`: a time not long ago. */
  spend(bytes: number, now: number): void {
    const user = this.#ofUser;
    const address = this.#ofAddress;
    if (user !== null) this.#check(user, bytes, now);
    if (address === null) return;
    this.#check(address, bytes, now);
    address.spend(bytes);
    user?.spend(bytes);
  }

  #check(account: Account, bytes: number, now: number): void {
    account.refill(now);
    if (account.exceededBy(bytes) === null) return;
    account.refill(this.#quotas.now());
    const kind = account.exceededBy(bytes);
    if (kind === null) return;
    this.#quotas.refused[account.scope][kind] += 1;
    throw overBudget(account, kind, bytes);
  }

  /** Throws `limit-exceeded` if no further listen may begin. */
  assertListen(): void {
    for (const account of [this.#ofUser, this.#ofAddress]) {
      if (account === null || account.listens < account.limits.listens) continue;
      this.#quotas.refused[account.scope].listens += 1;
      throw tooManyListens(account);
    }
  }

  /** A listen has begun, to be paired with one that has ended. */
  countListens(more: 1 | -1): void {
    this.#listens += more;
    this.#move(more, [this.#ofUser, this.#ofAddress]);
  }

  /** The session is over. */
  end(): void {
    const held = [this.#ofUser, this.#ofAddress];
    this.#ofUser = null;
    this.#ofAddress = null;
    this.#giveBack(held);
    this.#listens = 0;
  }

  #move(listens: number, accounts: readonly (Account | null)[]): void {
    for (const account of accounts) if (account !== null) account.listens += listens;
  }

  #giveBack(accounts: readonly (Account | null)[]): void {
    this.#move(-this.#listens, accounts);
    for (const account of accounts) if (account !== null) this.#quotas.release(account);
  }
}
