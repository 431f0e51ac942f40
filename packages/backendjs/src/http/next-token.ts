import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { Json } from '@backside/tree';
import type { Credential } from '../credentials/credential.js';

const VERSION = 'n1.';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const MAX_CHARS = 8_192;

/**
 * What clients continue a paged answer with. Without a secret it is the base64 of the state's JSON, as the original has it; with one the
 * state is encrypted and authenticated (AES-256-GCM), so that it can neither be read nor altered. The secret is the named property of the
 * caller's bk_auth row (`secret` or `token_secret`), or the text itself if it names none.
 */
export class NextTokens {
  readonly #secret: () => string;

  constructor(secret: () => string) {
    this.#secret = secret;
  }

  /** Empty for null. */
  encode(state: Json, caller: Credential | null): string {
    if (state === null) return '';
    const text = Buffer.from(JSON.stringify(state));
    const key = this.#keyFor(caller);
    if (key === null) return text.toString('base64');
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key, iv);
    const sealed = Buffer.concat([iv, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
    return VERSION + sealed.toString('base64url');
  }

  /** Null for what is no token of ours: it then counts as absent. */
  decode(token: string, caller: Credential | null): Json {
    if (token === '' || token.length > MAX_CHARS) return null;
    try {
      const key = this.#keyFor(caller);
      const text = key === null ? Buffer.from(token, 'base64') : open(token, key);
      return JSON.parse(text.toString()) as Json;
    } catch {
      return null;
    }
  }

  #keyFor(caller: Credential | null): Buffer | null {
    const name = this.#secret();
    if (name === '') return null;
    const own = caller === null ? undefined : { secret: caller.secret, token_secret: caller.tokenSecret }[name];
    return createHash('sha256')
      .update(`next_token\n${own ?? name}`)
      .digest();
  }
}

function open(token: string, key: Buffer): Buffer {
  if (!token.startsWith(VERSION)) throw new Error('not of this version');
  const sealed = Buffer.from(token.slice(VERSION.length), 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
}
