import { createHmac, randomBytes } from 'node:crypto';
import { BacksideError } from '@backside/protocol';
import { hash as bcryptHash, compare } from 'bcrypt';
import { WorkGate } from './work-gate.js';

interface PasswordCheck {
  readonly matches: boolean;
  /** Whether a matching password should be hashed anew: the stored hash is of another form or cost than new ones. */
  readonly outdated: boolean;
}

/** Slow hashes of passwords. Both methods refuse with `rate-limited` while far too many are under way. */
export interface PasswordHasher {
  /** A text to store; different each time. */
  hash(password: string): Promise<string>;
  /** With null, for who has no password, it takes as long as it would with one, and so it does with a cheaper hash of old. */
  verify(password: string, stored: string | null): Promise<PasswordCheck>;
}

/** Marks a hash of ours; without it the hash is bcrypt of the bare password, taken over from elsewhere. */
const OWN_FORM = 'h1:';
const MIN_COST = 10;
const MAX_COST = 14;
const MAX_BCRYPT_BYTES = 72;
const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

/**
 * bcrypt over HMAC-SHA-384 of the password. bcrypt alone ends at 72 bytes and, in some versions, at the first NUL; the 64
 * characters of the digest have neither problem, so every byte of every password counts. The key of the HMAC is no secret: it
 * keeps hashes that leaked elsewhere from being tried here as they are.
 */
export async function createPasswordHasher(options: {
  readonly cost: number;
  readonly maxRunning?: number;
  readonly maxWaiting?: number;
}): Promise<PasswordHasher> {
  const { cost, maxRunning = 2, maxWaiting = 200 } = options;
  if (!Number.isInteger(cost) || cost < MIN_COST || cost > MAX_COST) {
    throw new BacksideError('invalid-data', `The cost of password hashes is ${MIN_COST} to ${MAX_COST}`);
  }
  const dummy = await bcryptHash(digest(randomBytes(16).toString('hex')), cost);
  return new BcryptHasher({ cost, dummy, gate: new WorkGate({ maxRunning, maxWaiting }) });
}

/** Whether it is a bcrypt hash that can be taken over from elsewhere. */
export function isImportableHash(hash: string): boolean {
  const cost = costOf(hash);
  return cost !== null && cost >= 4 && cost <= MAX_COST;
}

interface Parts {
  readonly cost: number;
  /** The hash of what nobody knows. */
  readonly dummy: string;
  readonly gate: WorkGate;
}

class BcryptHasher implements PasswordHasher {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async hash(password: string): Promise<string> {
    const { gate, cost } = this.#parts;
    return gate.run(async () => OWN_FORM + (await bcryptHash(digest(password), cost)));
  }

  async verify(password: string, stored: string | null): Promise<PasswordCheck> {
    return this.#parts.gate.run(() => this.#verify(password, stored));
  }

  async #verify(password: string, stored: string | null): Promise<PasswordCheck> {
    const { cost, dummy } = this.#parts;
    const own = stored === null || stored.startsWith(OWN_FORM);
    const bcrypt = stored === null ? dummy : own ? stored.slice(OWN_FORM.length) : stored.replace(/^\$2y/, '$2b');
    const input = own ? digest(password) : password;
    const matches = (await compare(input, bcrypt)) && (own || fitsBcrypt(password));
    await this.#makeUp(costOf(bcrypt) ?? cost);
    return { matches: matches && stored !== null, outdated: !own || costOf(bcrypt) !== cost };
  }

  /** Spends what a cheaper hash saved: 2^c + 2^c + 2^(c+1) + … + 2^(cost-1) is 2^cost. */
  async #makeUp(spent: number): Promise<void> {
    for (let cost = spent; cost < this.#parts.cost; cost++) await bcryptHash('', cost);
  }
}

/** Base64 of 48 bytes: 64 characters, no NUL. */
function digest(password: string): string {
  return createHmac('sha384', 'backside password 1').update(password.normalize('NFC')).digest('base64');
}

function fitsBcrypt(password: string): boolean {
  return Buffer.byteLength(password) <= MAX_BCRYPT_BYTES && !password.includes('\0');
}

function costOf(bcrypt: string): number | null {
  const match = BCRYPT.exec(bcrypt);
  return match === null ? null : Number(match[1]);
}
