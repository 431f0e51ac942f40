import { createHash } from 'node:crypto';
import type { Json } from '@backside/tree';
import type { Credential } from '../credentials/credential.js';
import { SecretBox } from '../credentials/secret-box.js';

const MAX_CHARS = 8_192;
/** What sealed states belong to: no row has this id. */
const PURPOSE = 'next_token';

/**
 * What clients continue a paged answer with. Without a secret it is the base64 of the state's JSON, as the original has it; with one the
 * state is encrypted and authenticated, so that it can neither be read nor altered. The secret is the named property of the caller's
 * bk_auth row (`secret` or `token_secret`), or the text itself if it names none.
 */
export class NextTokens {
  readonly #secret: () => string;

  constructor(secret: () => string) {
    this.#secret = secret;
  }

  /** Empty for null. */
  encode(state: Json, caller: Credential | null): string {
    if (state === null) return '';
    const text = JSON.stringify(state);
    const box = this.#boxFor(caller);
    return box === null ? Buffer.from(text).toString('base64') : box.seal(text, PURPOSE);
  }

  /** Null for what is no token of ours: it then counts as absent. */
  decode(token: string, caller: Credential | null): Json {
    if (token === '' || token.length > MAX_CHARS) return null;
    try {
      const box = this.#boxFor(caller);
      const text = box === null ? Buffer.from(token, 'base64').toString() : box.open(token, PURPOSE);
      return JSON.parse(text) as Json;
    } catch {
      return null; // Altered, cut, or another's: clients send what they like.
    }
  }

  #boxFor(caller: Credential | null): SecretBox | null {
    const name = this.#secret();
    if (name === '') return null;
    const own = caller === null ? undefined : { secret: caller.secret, token_secret: caller.tokenSecret }[name];
    const key = createHash('sha256').update(`next_token\n${own ?? name}`);
    return new SecretBox(key.digest());
  }
}
