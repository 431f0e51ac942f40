import { createHash } from 'node:crypto';

/** One account may fill this part of the memory; past it only its own requests are refused. */
const SHARE = 1 / 20;
/** Between two looks for what has expired. */
const SWEEP_MS = 1_000;

/** What has come of a signature that may be used once. */
export type Use = 'first' | 'again' | 'full';

/**
 * Remembers signatures until they expire, so that each is taken once. Holds at most `max` of them (about 150 bytes each), of one login at
 * most a twentieth. In memory and of one process: with N processes behind one address a signature may be taken N times.
 */
export class UsedSignatures {
  readonly #max: () => number;
  readonly #now: () => number;
  /** Login and when it can be forgotten, by digest. */
  readonly #used: Map<string, { readonly login: string; readonly until: number }> = new Map();
  readonly #perLogin: Map<string, number> = new Map();
  #sweptAt = 0;

  constructor(options: { readonly max: () => number; readonly now: () => number }) {
    this.#max = options.max;
    this.#now = options.now;
  }

  get size(): number {
    return this.#used.size;
  }

  /** `until`: when the signature is refused as expired anyway. */
  use(signature: { readonly login: string; readonly hmac: string }, until: number): Use {
    const { login, hmac } = signature;
    const key = createHash('sha256').update(`${login}\n${hmac}`).digest('base64url').slice(0, 22);
    this.#sweep();
    if (this.#used.has(key)) return 'again';
    const own = this.#perLogin.get(login) ?? 0;
    if (this.#used.size >= this.#max() || own >= Math.ceil(this.#max() * SHARE)) return 'full';
    this.#used.set(key, { login, until });
    this.#perLogin.set(login, own + 1);
    return 'first';
  }

  #sweep(): void {
    const now = this.#now();
    if (now - this.#sweptAt < SWEEP_MS && now >= this.#sweptAt) return;
    this.#sweptAt = now;
    for (const [key, { login, until }] of this.#used) {
      if (until >= now) continue;
      this.#used.delete(key);
      const left = this.#perLogin.get(login)! - 1;
      if (left === 0) this.#perLogin.delete(login);
      else this.#perLogin.set(login, left);
    }
  }
}
