import type { AuthContext } from './auth-context.js';
import { PATHS } from './paths.js';
import type { PrivateValue } from './private-tree.js';
import type { SigningKeys } from './signing-keys.js';

/** Records that one call looks at, of each kind. */
const STEP = 1000;
/** For how long it is remembered that an account was deleted. */
const DELETED_MS = 24 * 3_600_000;

/** Removes what has expired, in bounded steps: each call goes on where the last one ended. */
export class Housekeeping {
  readonly #context: AuthContext;
  readonly #keys: SigningKeys;
  readonly #after: Map<string, string> = new Map();

  constructor(context: AuthContext, keys: SigningKeys) {
    this.#context = context;
    this.#keys = keys;
  }

  async run(): Promise<void> {
    const now = this.#context.now();
    await this.#keys.maintain();
    await this.#sweep('oneTime', (record) => (isExpired(record, now) ? [] : null));
    await this.#sweep('sessions', (record) => (isExpired(record, now) ? ownerOf(record) : null));
    await this.#sweep('deleted', (at) => (Number(at) + DELETED_MS <= now ? [] : null));
  }

  /** `also` gives the lists that name the record, as parents of its key, if it is to go; else null. */
  async #sweep(kind: string, also: (record: unknown) => readonly string[][] | null): Promise<void> {
    const { tree } = this.#context;
    const keys = tree.keys([kind], { after: this.#after.get(kind), limit: STEP });
    const last = keys.at(-1);
    if (keys.length < STEP || last === undefined) this.#after.delete(kind);
    else this.#after.set(kind, last);
    const changes = keys.flatMap((key): PrivateValue[] => {
      const lists = also(tree.read([kind, key]));
      return lists === null ? [] : [[kind], ...lists].map((list) => ({ path: [...list, key], value: null }));
    });
    if (changes.length > 0) await tree.update(changes);
  }
}

function isExpired(record: unknown, now: number): record is { readonly expiresAt: number } {
  return typeof record === 'object' && record !== null && 'expiresAt' in record && Number(record.expiresAt) <= now;
}

function ownerOf(record: object): string[][] {
  return 'uid' in record && typeof record.uid === 'string' ? [[...PATHS.sessionsOf(record.uid)]] : [];
}
