import { BacksideError } from '@backside/protocol';
import type { IsHeld, LeftWrite } from './left-write.js';
import type { WriteOperation } from './operation.js';

/** How long after a write that could not be stored it is tried again, in milliseconds. */
const RETRY_MS = 1_000;

export interface MakerOptions {
  readonly write: (operation: WriteOperation) => Promise<unknown>;
  /** Told of a write that was refused when its time had come. */
  readonly failed: (error: unknown) => void;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Makes what ended connections have left, when its time comes. */
export class LeftWriteMaker {
  readonly #options: MakerOptions;
  #closed = false;

  constructor(options: MakerOptions) {
    this.#options = options;
  }

  /**
   * Makes a write of a connection that has just ended, as long as `isHeld` says that it is this node's to make. Resolves with whether its
   * fate is sealed, made or refused; not so if another node makes it, or this is closed first.
   */
  async make(left: LeftWrite, isHeld: IsHeld): Promise<boolean> {
    if (left.graceMs > 0) await this.#options.sleep(left.graceMs);
    while (!this.#closed) {
      const fate = await this.#try(left, isHeld);
      if (fate !== 'open') return fate === 'sealed';
      await this.#options.sleep(RETRY_MS);
    }
    return false;
  }

  /** `open` if it may or may not have been stored; the key makes another try harmless. */
  async #try({ key, principal, step, headers }: LeftWrite, isHeld: IsHeld): Promise<'sealed' | 'taken-over' | 'open'> {
    try {
      if (!(await isHeld())) return 'taken-over';
      await this.#options.write({ principal, steps: [step], idempotencyKey: key, ...(headers && { headers }) });
    } catch (error) {
      if (error instanceof BacksideError && (error.code === 'unavailable' || error.code === 'shutting-down'))
        return 'open';
      this.#options.failed(error);
    }
    return 'sealed';
  }

  close(): void {
    this.#closed = true;
  }
}
