import { Budget } from '@backside/auth';
import type { ProxyLimits } from './limits.js';

/** What one connection may still send. Spending more than is there fails and spends nothing. */
export class RateLimit {
  readonly #frames: Budget;
  readonly #bytes: Budget;

  constructor(limits: Pick<ProxyLimits, 'framesPerSecond' | 'bytesPerSecond'>, now: number) {
    this.#frames = new Budget(limits.framesPerSecond, now);
    this.#bytes = new Budget(limits.bytesPerSecond, now);
  }

  spendBytes(bytes: number, now: number): boolean {
    this.#frames.refill(now);
    this.#bytes.refill(now);
    return spend(this.#bytes, bytes);
  }

  /** To be asked after the bytes of the frame, which refill the budgets, were spent. */
  spendFrame(): boolean {
    return spend(this.#frames, 1);
  }
}

function spend(budget: Budget, cost: number): boolean {
  if (!budget.covers(cost)) return false;
  budget.spend(cost);
  return true;
}
