import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checksumOf, scrambleSecret, signatureOf } from './keyed-hash.js';
import { SignedRequestRefusal } from './refusal.js';
import { openToken } from './sealed-token.js';
import { parseSignature } from './signature.js';
import { domainOf } from './signed-text.js';
import {
  type SignedAccount,
  type SignedRequest,
  type SignedRequestSettings,
  verifySignedRequest,
} from './verify-request.js';

interface Vector {
  readonly id: string;
  readonly note: string;
  readonly now: number;
  readonly input: { readonly version: number };
  readonly canonical: string | null;
  readonly hmacKey: string | null;
  readonly output: { readonly 'bk-signature': string };
  readonly accessTokenSecret?: string;
  readonly request?: {
    readonly via: string;
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly session?: Readonly<Record<string, string>>;
    readonly body: string | null;
  };
  readonly verify?: {
    readonly account: { id: string; login: string; secret: string; token_secret?: string; auth_secret?: string } | null;
    readonly status: number;
    readonly message: string;
    readonly accountId: string | null;
  };
}

interface VectorFile {
  readonly signatureAge: number;
  readonly vectors: readonly Vector[];
  readonly scramble: readonly { readonly secret: string; readonly login: string; readonly serverScramble: string }[];
  readonly checksums: readonly { readonly body: string; readonly base64Sha1: string }[];
  readonly domainName: readonly { readonly host: string; readonly domain: string }[];
  readonly encryption: { readonly passphrase: string; readonly plaintext: string; readonly hex: string };
}

const file = JSON.parse(
  readFileSync(new URL('../../vectors/backendjs-signatures.json', import.meta.url), 'utf8'),
) as VectorFile;

/** As the original was set when the vectors were made; `fail-token-wrong-key` is sealed with another secret than the server's. */
const SERVER_TOKEN_SECRET = 'tokensecret';

function settings(more: Partial<SignedRequestSettings> = {}): SignedRequestSettings {
  return {
    signatureName: 'bk-signature',
    accessTokenName: 'bk-access-token',
    accessTokenSecret: SERVER_TOKEN_SECRET,
    legacyTokens: true,
    ageMs: file.signatureAge,
    maxAgeMs: 0,
    ...more,
  };
}

/** The status and text that a request of a vector gets. */
async function outcome(
  vector: Vector,
  more: Partial<SignedRequestSettings> = {},
): Promise<{ status: number; message: string }> {
  const { request, verify, now } = vector;
  const { session, via, ...rest } = request!;
  // The original empties a session that it refuses, before the vector was written down: what was sent is what was made.
  const sent = session?.['bk-signature'] ?? vector.output['bk-signature'];
  const signed: SignedRequest = { ...rest, session: via === 'session' ? sent : undefined };
  const known = verify!.account;
  const account: SignedAccount | null = known && {
    login: known.login,
    secret: known.secret,
    tokenSecret: known.token_secret ?? '',
    authSecret: known.auth_secret ?? '',
    expires: 0,
  };
  try {
    await verifySignedRequest(signed, {
      settings: settings(more),
      now,
      account: (login) => (login === account?.login ? account : null),
    });
    return { status: 200, message: 'Ok' };
  } catch (error) {
    if (!(error instanceof SignedRequestRefusal)) throw error;
    return { status: error.status, message: error.message };
  }
}

const requests = file.vectors.filter(({ request, verify }) => request !== undefined && verify !== undefined);

describe('the vectors of the original', () => {
  test.each(requests)('$id: $note', async (vector) => {
    const { status, message } = vector.verify!;
    expect(await outcome(vector)).toEqual({ status, message });
  });

  // The original's browser client hashes letters outside of Latin-1 wrongly, and is then refused.
  const hashed = file.vectors.filter(({ id, input }) => input.version !== 5 && id !== 'c4-nonascii-login');

  test.each(hashed)('$id: the HMAC over its text', (vector) => {
    const { canonical, hmacKey, output, input } = vector;
    const secrets = { secret: hmacKey ?? '', tokenSecret: '', authSecret: '' };
    // Version 3 would add the token secret to a key that has it already.
    const version = input.version === 1 ? 1 : 4;
    expect(output['bk-signature']).toContain(`|${signatureOf(version, canonical ?? '', secrets)}|`);
  });

  test('a signature that is good for years is refused once there is a bound', async () => {
    const far = file.vectors.find(({ id }) => id === 'v4-far-future')!;
    expect(await outcome(far, { maxAgeMs: 24 * 60 * 60 * 1000 })).toMatchObject({ status: 406 });
  });

  test('tokens in the old form are refused unless they are switched on', async () => {
    const token = file.vectors.find(({ id }) => id === 'v3-token-header')!;
    expect(await outcome(token, { legacyTokens: false })).toMatchObject({ status: 417 });
  });

  test('version 5, which sends the secret, is never taken', async () => {
    const five = file.vectors.find(({ id }) => id === 'c5-get')!;
    const get = file.vectors.find(({ id }) => id === 'c4-get')!;
    const request = {
      ...get.request!,
      headers: { ...get.request!.headers, 'bk-signature': five.output['bk-signature'] },
    };
    const { login } = parseSignature(five.output['bk-signature'])!;
    const verify = { ...get.verify!, account: { ...get.verify!.account!, login } };
    expect(await outcome({ ...get, request, verify })).toMatchObject({ status: 401 });
  });

  test.each(file.scramble)('the secret of $login, scrambled', ({ login, secret, serverScramble }) => {
    expect(scrambleSecret(login, secret)).toBe(serverScramble);
  });

  test.each(file.checksums)('the checksum of %j', ({ body, base64Sha1 }) => {
    expect(checksumOf(body)).toBe(base64Sha1);
  });

  test.each(file.domainName)('the domain of $host', ({ host, domain }) => {
    expect(domainOf(host)).toBe(domain);
  });

  test('the old cipher of tokens', () => {
    const { passphrase, plaintext, hex } = file.encryption;
    expect(openToken(hex, { secret: passphrase, legacy: true })).toBe(plaintext);
  });
});
