import { type Commit, toBacksideError } from '@backside/protocol';
import type { PendingWrite } from './batch.js';
import { IdempotencyRecord, scopedKey } from './idempotency.js';
import type { WriteOperation, WriteResult } from './operation.js';

/** Makes writes that have an idempotency key happen once. */
export class IdempotentWrites {
  readonly #submit: (write: PendingWrite) => void;
  readonly #record: IdempotencyRecord;
  /** For each key, when the fate of the last write with it is sealed. */
  readonly #underWay = new Map<string, Promise<void>>();
  #ready: () => Promise<void> = () => Promise.resolve();

  constructor(submit: (write: PendingWrite) => void, capacity: number) {
    this.#submit = submit;
    this.#record = new IdempotencyRecord(capacity);
  }

  /** Holds writes back until what was stored before the start is known again; refuses those for which `recalled` rejects. */
  waitFor(recalled: () => Promise<void>): void {
    this.#ready = recalled;
  }

  learn(commit: Commit): void {
    this.#record.learn(commit);
  }

  /** The result of an earlier write with the key. Throws `idempotency-conflict` if that was another write. */
  find(key: string, operation: WriteOperation): WriteResult | null {
    return this.#record.find(key, operation);
  }

  /**
   * Submits a write once the fate of an earlier one with the same key is sealed, so that it is answered with that one's result
   * if that was stored, at whatever level either of them asks for.
   */
  async write(operation: WriteOperation): Promise<WriteResult> {
    const key = scopedKey(operation);
    const before = this.#underWay.get(key) ?? this.#ready();
    let seal = (): void => {};
    const sealed = new Promise<void>((resolve) => {
      seal = resolve;
    });
    this.#underWay.set(key, sealed);
    const end = (): void => {
      if (this.#underWay.get(key) === sealed) this.#underWay.delete(key);
      seal();
    };
    await before.catch((error: unknown) => {
      end();
      operation.sealed?.();
      throw error;
    });
    return new Promise((resolve, reject) => {
      this.#submit({
        operation,
        idempotencyKey: key,
        resolve,
        reject: (error) => reject(toBacksideError(error)),
        sealed: (result) => {
          if (result !== null) this.#record.record(key, operation, result);
          end();
          operation.sealed?.();
        },
      });
    });
  }
}
