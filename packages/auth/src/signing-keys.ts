import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { BacksideError } from '@backside/protocol';
import type { Json } from '@backside/tree';
import { Freshness } from './freshness.js';
import { PATHS } from './paths.js';
import type { PrivateTree, PrivateValue } from './private-tree.js';

/** A key pair for access tokens (ES256). */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** From when on it signs; milliseconds since the epoch. Until then nodes get to know it. */
  readonly signsFrom: number;
}

interface KeyRecord {
  /** PKCS #8 as PEM. */
  readonly pem: string;
  readonly signsFrom: number;
}

/** How long a new key only waits, so that every node can verify with it before the first token is signed. */
const LEAD_MS = 60_000;
const MAX_TRIES = 8;
/** How often at most a key id that nobody knows makes this node ask the others. */
const ASK_EVERY_MS = 1000;

export interface SigningKeysOptions {
  readonly tree: PrivateTree;
  readonly now: () => number;
  /** How long a key signs before the next takes over. */
  readonly rotationMs: number;
  /** How long a token may live, and its key therefore after the last signature. */
  readonly tokenMs: number;
}

/**
 * The keys that sign access tokens, common to all nodes through the private tree. The newest one whose time has come signs;
 * all that are there verify, and each stays until the last token that it signed has expired: so a rotation logs nobody out.
 */
export class SigningKeys {
  readonly #options: SigningKeysOptions;
  readonly #freshness: Freshness;
  readonly #unwatch: () => void;
  #keys: readonly SigningKey[] = [];
  #askedAt = Number.NEGATIVE_INFINITY;

  /** Reads the keys, or makes the first one. */
  static async open(options: SigningKeysOptions): Promise<SigningKeys> {
    const keys = new SigningKeys(options);
    await options.tree.refresh();
    keys.#load();
    if (keys.#keys.length === 0) await keys.#add(options.now());
    return keys;
  }

  private constructor(options: SigningKeysOptions) {
    this.#options = options;
    this.#freshness = new Freshness(options.tree);
    this.#unwatch = options.tree.watch(PATHS.keys, () => this.#load());
  }

  /** The key that signs now. */
  current(): SigningKey {
    const now = this.#options.now();
    const key = this.#keys.find(({ signsFrom }) => signsFrom <= now) ?? this.#keys.at(-1);
    if (key === undefined) throw new BacksideError('unavailable', 'No signing key');
    return key;
  }

  /** The key that a token names, or null; asks the other nodes, now and then, before saying so. */
  async find(kid: string): Promise<SigningKey | null> {
    const known = this.#byId(kid);
    if (known !== null) return known;
    const now = this.#options.now();
    if (now < this.#askedAt + ASK_EVERY_MS) return null;
    this.#askedAt = now;
    await this.#freshness.refresh();
    this.#load();
    return this.#byId(kid);
  }

  /** Adds a key that takes over shortly, or, `immediately`, replaces all others: what they signed is void. */
  async rotate(immediately: boolean): Promise<void> {
    const { tree, now } = this.#options;
    if (!immediately) {
      await this.#add(now() + LEAD_MS);
      return;
    }
    for (let tries = 0; tries < MAX_TRIES; tries++) if (await this.#add(now(), tree.keys(PATHS.keys))) return;
    throw new BacksideError('unavailable', 'The signing keys are being changed by many at once');
  }

  /** Rotates when the newest key has signed for long enough, and removes keys whose last tokens have expired. */
  async maintain(): Promise<void> {
    const { tree, now, rotationMs } = this.#options;
    this.#load();
    const retired = this.#retired();
    if (retired.length > 0) await tree.update(retired.map(({ kid }) => removal(kid)));
    const newest = this.#keys[0];
    if (newest === undefined || newest.signsFrom + rotationMs <= now()) await this.rotate(false);
  }

  close(): void {
    this.#unwatch();
  }

  #byId(kid: string): SigningKey | null {
    return this.#keys.find((key) => key.kid === kid) ?? null;
  }

  /** Those whose successor has been signing for longer than a token lives. */
  #retired(): readonly SigningKey[] {
    const { now, tokenMs } = this.#options;
    const successor = this.#keys.findIndex(({ signsFrom }) => signsFrom + tokenMs + LEAD_MS <= now());
    return successor === -1 ? [] : this.#keys.slice(successor + 1);
  }

  /** False, and nothing done, if another node added one at the same time; its key is known then. */
  async #add(signsFrom: number, replaced: readonly string[] = []): Promise<boolean> {
    const { tree } = this.#options;
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const record: KeyRecord = { pem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, signsFrom };
    const kid = randomBytes(12).toString('base64url');
    const count = tree.read(PATHS.keyCount);
    const added = [
      { path: PATHS.key(kid), value: record as unknown as Json },
      { path: PATHS.keyCount, value: Number(count ?? 0) + 1 },
    ];
    try {
      await tree.update([...added, ...replaced.map(removal)], [{ path: PATHS.keyCount, value: count }]);
      return true;
    } catch (error) {
      if (!(error instanceof BacksideError) || error.code !== 'precondition-failed') throw error;
      await tree.refresh();
      return false;
    } finally {
      this.#load();
    }
  }

  /** Newest first. A key that is known already is not parsed again. */
  #load(): void {
    const { tree } = this.#options;
    this.#keys = tree
      .keys(PATHS.keys)
      .map((kid) => this.#byId(kid) ?? parseKey(kid, tree.read(PATHS.key(kid)) as unknown as KeyRecord))
      .sort((a, b) => b.signsFrom - a.signsFrom || (a.kid < b.kid ? 1 : -1));
  }
}

function removal(kid: string): PrivateValue {
  return { path: PATHS.key(kid), value: null };
}

function parseKey(kid: string, record: KeyRecord): SigningKey {
  const privateKey = createPrivateKey(record.pem);
  return { kid, privateKey, publicKey: createPublicKey(privateKey), signsFrom: record.signsFrom };
}
