import type { Precondition, WriteStep } from '@backside/api';
import { BacksideError } from '@backside/protocol';
import type { ClientSubscription } from './client-subscription.js';

/** What a client has put into one transaction so far. */
export class Transaction {
  readonly steps: WriteStep[] = [];
  readonly preconditions: Precondition[] = [];
  readonly headers: Map<string, string> = new Map();
  readonly acknowledgements: { readonly subscription: ClientSubscription; readonly messageId: string }[] = [];
  /** Why the transaction can no longer be committed: one of its frames was refused. */
  refusal: BacksideError | null = null;
}

export interface TransactionLimits {
  readonly transactions: number;
  readonly transactionSteps: number;
}

/** The open transactions of one connection, by name. */
export class Transactions {
  readonly #limits: TransactionLimits;
  readonly #open = new Map<string, Transaction>();

  constructor(limits: TransactionLimits) {
    this.#limits = limits;
  }

  /** Throws `duplicate-transaction` or `limit-exceeded`. */
  begin(name: string): void {
    if (this.#open.has(name)) throw new BacksideError('duplicate-transaction');
    if (this.#open.size >= this.#limits.transactions) throw new BacksideError('limit-exceeded', 'too many open transactions');
    this.#open.set(name, new Transaction());
  }

  /** Throws `unknown-transaction`. */
  get(name: string): Transaction {
    const transaction = this.#open.get(name);
    if (transaction === undefined) throw new BacksideError('unknown-transaction');
    return transaction;
  }

  /** Closes it, whatever becomes of it. Throws `unknown-transaction`. */
  take(name: string): Transaction {
    const transaction = this.get(name);
    this.#open.delete(name);
    return transaction;
  }

  /** Adds to a transaction by `add`. What `add` throws dooms the transaction. */
  extend(name: string, add: (transaction: Transaction) => void): void {
    const transaction = this.get(name);
    try {
      if (transaction.steps.length + transaction.acknowledgements.length >= this.#limits.transactionSteps) {
        throw new BacksideError('limit-exceeded', 'too many steps in one transaction');
      }
      add(transaction);
    } catch (error) {
      transaction.refusal = new BacksideError('precondition-failed', 'a frame of the transaction was refused', { cause: error });
      throw error;
    }
  }
}
