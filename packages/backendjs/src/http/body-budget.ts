import { addressBlock } from '@backside/auth';
import { LegacyError } from './legacy-error.js';

/** One address may fill this part of the room with bodies that do not come to an end; the rest is for the others. */
const SHARE = 1 / 4;

export interface BodyBudgetLimits {
  /** Bytes of all bodies. */
  readonly all: number;
  /** Of one: so much any address may hold. */
  readonly one: number;
}

/** Bounds the bytes of all bodies that are in memory at once. */
export class BodyBudget {
  readonly #limits: () => BodyBudgetLimits;
  readonly #byAddress: Map<string, number> = new Map();
  #held = 0;

  constructor(limits: () => BodyBudgetLimits) {
    this.#limits = limits;
  }

  /** Throws 503 if there is no room, or none left for this address. */
  take(address: string, bytes: number): void {
    const { all, one } = this.#limits();
    const block = addressBlock(address);
    const own = (this.#byAddress.get(block) ?? 0) + bytes;
    if (this.#held + bytes > all || own > Math.max(all * SHARE, one))
      throw new LegacyError(503, 'Server is unavailable');
    this.#byAddress.set(block, own);
    this.#held += bytes;
  }

  giveBack(address: string, bytes: number): void {
    const block = addressBlock(address);
    const left = (this.#byAddress.get(block) ?? 0) - bytes;
    if (left > 0) this.#byAddress.set(block, left);
    else this.#byAddress.delete(block);
    this.#held -= bytes;
  }
}
