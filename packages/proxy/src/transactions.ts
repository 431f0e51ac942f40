import type { Precondition, WriteStep } from '@backside/api';
import { BacksideError } from '@backside/protocol';
import type { ClientSubscription } from './client-subscription.js';

/** What a client has put into one transaction so far. */
export class Transaction {
  /** What its frames hold. */
  bytes = 0;
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
  /** Bodies and headers of all open transactions of a connection together. */
  readonly transactionBytes: number;
}

/** The open transactions of one connection, by name. */
export class Transactions {
  readonly #limits: TransactionLimits;
  readonly #open = new Map<string, Transaction>();
  #bytes = 0;

  constructor(limits: TransactionLimits) {
    this.#limits = limits;
  }

  /** Throws `duplicate-transaction` or `limit-exceeded`. */
  begin(name: string): void {
    if (this.#open.has(name)) throw new BacksideError('duplicate-transaction');
    if (this.#open.size >= this.#limits.transactions)
      throw new BacksideError('limit-exceeded', 'too many open transactions');
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
    this.#bytes -= transaction.bytes;
    return transaction;
  }

  /** Adds to a transaction by `add` what came in a frame that holds so much. What `add` throws dooms the transaction. */
  extend(name: string, bytes: number, add: (transaction: Transaction) => void): void {
    const transaction = this.get(name);
    try {
      this.#charge(transaction, bytes);
      add(transaction);
    } catch (error) {
      transaction.refusal = new BacksideError('precondition-failed', 'a frame of the transaction was refused', {
        cause: error,
      });
      throw error;
    }
  }

  #charge(transaction: Transaction, bytes: number): void {
    const { transactionSteps, transactionBytes } = this.#limits;
    if (transaction.steps.length + transaction.acknowledgements.length >= transactionSteps) {
      throw new BacksideError('limit-exceeded', 'too many steps in one transaction');
    }
    if (this.#bytes + bytes > transactionBytes) {
      throw new BacksideError('limit-exceeded', 'too much data in open transactions');
    }
    this.#bytes += bytes;
    transaction.bytes += bytes;
  }
}
