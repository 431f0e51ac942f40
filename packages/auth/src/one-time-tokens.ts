import { BacksideError } from '@backside/protocol';
import type { Json } from '@backside/tree';
import { PATHS } from './paths.js';
import type { PrivateTree } from './private-tree.js';
import { noLongerValid } from './refusals.js';
import { createSecret, hashSecret } from './secret.js';

export type OneTimePurpose = 'reset' | 'verify' | 'second-factor' | 'oidc' | 'passkey';

/** What is kept with a token: leaves only. */
export type OneTimeData = Readonly<Record<string, string | number | boolean>>;

interface TokenRecord {
  readonly purpose: OneTimePurpose;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly data?: OneTimeData;
  /** How often it was tried in vain. */
  readonly failures?: number;
}

const SHAPE = /^[A-Za-z0-9_-]{43}$/;
/** As many wrong codes does a second-factor challenge take. */
const MAX_FAILURES = 5;

/**
 * Secrets that are good for one use: links in mails, challenges, the state of a code flow. Kept as hashes; a token made for one
 * purpose serves no other. What else must still hold (an account's generation, say) is the caller's to put into `data` and check.
 */
export class OneTimeTokens {
  readonly #tree: PrivateTree;
  readonly #now: () => number;

  constructor(tree: PrivateTree, now: () => number) {
    this.#tree = tree;
    this.#now = now;
  }

  async create(
    purpose: OneTimePurpose,
    wish: { readonly lifetimeMs: number; readonly data: OneTimeData },
  ): Promise<{ readonly token: string; readonly expiresAt: number }> {
    const token = createSecret();
    const expiresAt = this.#now() + wish.lifetimeMs;
    const record: TokenRecord = { purpose, expiresAt, data: wish.data };
    await this.#tree.update([{ path: PATHS.oneTimeToken(hashSecret(token)), value: record as unknown as Json }]);
    return { token, expiresAt };
  }

  /** What is kept with the token, which stays. Throws `expired` if it is not good. */
  peek(purpose: OneTimePurpose, token: string): OneTimeData {
    return this.#record(purpose, token).data ?? {};
  }

  /** What is kept with the token; only one of many callers at once gets it. Rejects `expired` if it is not good. */
  async redeem(purpose: OneTimePurpose, token: string): Promise<OneTimeData> {
    const { data = {} } = this.#record(purpose, token);
    const path = PATHS.oneTimeToken(hashSecret(token));
    try {
      await this.#tree.update([{ path, value: null }], [{ path: [...path, 'purpose'], value: purpose }]);
    } catch (error) {
      if (error instanceof BacksideError && error.code === 'precondition-failed') throw noLongerValid();
      throw error;
    }
    return data;
  }

  /** Counts a use in vain; the token ends with the fifth. Of several at once each counts. */
  async fail(purpose: OneTimePurpose, token: string): Promise<void> {
    const path = PATHS.oneTimeToken(hashSecret(token));
    for (let tries = 0; tries < MAX_FAILURES; tries++) {
      const { failures = 0 } = this.#record(purpose, token);
      const value = failures + 1 >= MAX_FAILURES ? null : failures + 1;
      const change = value === null ? { path, value } : { path: [...path, 'failures'], value };
      try {
        const expected = [{ path: [...path, 'failures'], value: failures === 0 ? null : failures }];
        return await this.#tree.update([change], [...expected, { path: [...path, 'purpose'], value: purpose }]);
      } catch (error) {
        if (!(error instanceof BacksideError) || error.code !== 'precondition-failed') throw error;
        await this.#tree.refresh();
      }
    }
  }

  #record(purpose: OneTimePurpose, token: string): TokenRecord {
    const read = SHAPE.test(token) ? this.#tree.read(PATHS.oneTimeToken(hashSecret(token))) : null;
    const record = read as unknown as TokenRecord | null;
    if (record === null || record.purpose !== purpose || record.expiresAt <= this.#now()) throw noLongerValid();
    return record;
  }
}
