import { WriteSeries } from '@backside/api';
import { BacksideError, type Logger, NOBODY, type Principal } from '@backside/protocol';
import type { ProxyConnectionScope, ProxyDatabase } from './database.js';
import { type TransactionLimits, Transactions } from './transactions.js';

/** What a standing needs of its surroundings. */
export interface StandingContext {
  readonly now: () => number;
  readonly limits: TransactionLimits;
  readonly logger: Logger;
}

/** Where a client stands: in which database, as whom, and what it has under way there. */
export class Standing {
  principal: Principal = NOBODY;
  readonly #context: StandingContext;
  #database: ProxyDatabase | null = null;
  #scope: ProxyConnectionScope | null = null;
  #transactions: Transactions | null = null;
  #series: WriteSeries | null = null;

  constructor(context: StandingContext) {
    this.#context = context;
  }

  /** The client's place from now on. */
  enter(database: ProxyDatabase, principal: Principal): void {
    this.#database = database;
    this.principal = principal;
  }

  /** Throws `unexpected-frame` before the client has connected. */
  get database(): ProxyDatabase {
    if (this.#database === null) throw new BacksideError('unexpected-frame', 'not connected');
    return this.#database;
  }

  /** Who acts in the next operation. Throws `unauthenticated` once the credential has expired. */
  get actor(): Principal {
    const { principal } = this;
    if (principal.kind === 'user' && principal.expiresAt !== undefined && principal.expiresAt <= this.#context.now()) {
      throw new BacksideError('unauthenticated', 'the credential has expired');
    }
    return principal;
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
    this.#scope ??= this.database.connectionScope();
    return this.#scope;
  }

  /** Aborts every open transaction. */
  abort(): void {
    this.#transactions = null;
  }

  /** Runs what was to run when the connection ends. */
  leave(): void {
    this.#scope?.end().catch((error: unknown) => {
      this.#context.logger.error({ err: error }, 'on-disconnect operations failed');
    });
    this.#scope = null;
  }
}
