import { isDeepStrictEqual } from 'node:util';
import { WriteSeries } from '@backside/api';
import { Quota, type Quotas } from '@backside/auth';
import { BacksideError, type Logger, NOBODY, type Principal } from '@backside/protocol';
import type { ProxyConnectionScope, ProxyDatabase } from './database.js';
import type { Lapse, Tenure } from './tenure.js';
import { type TransactionLimits, Transactions } from './transactions.js';

/** What a standing needs of its surroundings. */
export interface StandingContext {
  readonly limits: TransactionLimits;
  readonly quotas: Quotas;
  readonly logger: Logger;
}

const LAPSED: Readonly<Record<Lapse, string>> = {
  expired: 'the credential has expired; sign in again',
  revoked: 'the credential was revoked; sign in again',
};

/** Where a client stands: in which database, as whom, and what it has under way there. */
export class Standing {
  readonly quota: Quota;
  readonly #context: StandingContext;
  readonly #scopeLost: () => void;
  #database: ProxyDatabase | null = null;
  /** Null for nobody. */
  #tenure: Tenure | null = null;
  /** Whom the rights of the subscriptions were decided for. */
  #decidedFor: Principal = NOBODY;
  /** Whose the writes are that wait for the end of the connection. */
  #heir: Principal = NOBODY;
  #scope: ProxyConnectionScope | null = null;
  #transactions: Transactions | null = null;
  #series: WriteSeries | null = null;

  /** `scopeLost`: see `ProxyDatabase.connectionScope`. */
  constructor(context: StandingContext, address: string, scopeLost: () => void) {
    this.#context = context;
    this.#scopeLost = scopeLost;
    this.quota = new Quota(context.quotas, address);
  }

  /** The client's place from now on; null: as nobody. */
  enter(database: ProxyDatabase, tenure: Tenure | null): void {
    this.#database = database;
    this.assume(tenure);
    this.#decidedFor = this.reader;
  }

  /** A sign-in in the place of the one before. Whoever it is, what was left for the end of the connection is theirs now. */
  assume(tenure: Tenure | null): void {
    this.#tenure?.end();
    this.#tenure = tenure;
    this.quota.become(this.principal, this.database.name);
    this.#bequeath();
  }

  /** Throws `unexpected-frame` before the client has connected. */
  get database(): ProxyDatabase {
    if (this.#database === null) throw new BacksideError('unexpected-frame', 'not connected');
    return this.#database;
  }

  /** Who has signed in, whether or not that still holds. */
  get principal(): Principal {
    return this.#tenure === null ? NOBODY : this.#tenure.principal;
  }

  /** Why the credential of the last sign-in holds no more; null while it does. */
  get lapse(): Lapse | null {
    return this.#tenure === null ? null : this.#tenure.lapse;
  }

  /** Whether the client was told that its credential will soon expire. */
  get expires(): boolean {
    return this.#tenure?.announced ?? false;
  }

  /** Who acts in the next operation. Throws `unauthenticated` if the credential holds no more. */
  get actor(): Principal {
    const tenure = this.#tenure;
    if (tenure === null) return NOBODY;
    if (!tenure.holds) throw new BacksideError('unauthenticated', LAPSED[tenure.lapse ?? 'expired']);
    return tenure.principal;
  }

  /** Who listens: whose credential holds no more may listen to what anybody may. */
  get reader(): Principal {
    return this.lapse === null ? this.principal : NOBODY;
  }

  /** Whether the rights of the subscriptions must be decided again, which the caller does if so. */
  takeChange(): boolean {
    const { reader } = this;
    if (sameRights(this.#decidedFor, reader)) return false;
    this.#decidedFor = reader;
    return true;
  }

  /** The principal has become another, or holds no more: so it is with what it left for the end of the connection. */
  updateScope(): void {
    if (this.lapse === 'revoked') this.#unattended(this.#scope?.cancelOnDisconnect([]));
    else this.#bequeath();
  }

  #bequeath(): void {
    const { principal } = this;
    const same = sameRights(this.#heir, principal);
    this.#heir = principal;
    if (same || this.#scope === null) return;
    this.#unattended(this.#scope.become(principal));
  }

  /** What is kept for the end of the connection is right here, and wrong only if this process dies before it could be stored. */
  #unattended(stored: Promise<void> | undefined): void {
    stored?.catch((error: unknown) => {
      this.#context.logger.warn({ err: error }, 'a change of what a connection left for its end could not be stored');
    });
  }

  /** The client's writes, of which none may be made behind a refused one. */
  get series(): WriteSeries {
    this.#series ??= new WriteSeries();
    return this.#series;
  }

  get transactions(): Transactions {
    this.#transactions ??= new Transactions(this.#context.limits);
    return this.#transactions;
  }

  /** What is to run when the connection ends. */
  get scope(): ProxyConnectionScope {
    this.#scope ??= this.database.connectionScope(this.#scopeLost);
    return this.#scope;
  }

  /** Aborts every open transaction. */
  abort(): void {
    this.#transactions = null;
  }

  /** Runs what was to run when the connection ends, and lets go of everything else. */
  leave(): void {
    this.#tenure?.end();
    this.quota.end();
    this.#scope?.end().catch((error: unknown) => {
      this.#context.logger.error({ err: error }, 'on-disconnect operations failed');
    });
    this.#scope = null;
  }
}

/** Whether no rule and no bypass can tell the two apart. */
function sameRights(one: Principal, other: Principal): boolean {
  if (one === other) return true;
  if (one.kind !== 'user' || other.kind !== 'user') return one.kind === other.kind;
  return one.uid === other.uid && one.provider === other.provider && isDeepStrictEqual(one.claims, other.claims);
}
