import { describe, expect, test } from 'vitest';
import { type Admission, createThrottle } from '../throttle.js';
import { checksumOf } from './keyed-hash.js';
import { SignedRequestRefusal } from './refusal.js';
import { sealToken } from './sealed-token.js';
import { type SignWish, signRequest } from './sign-request.js';
import type { SignedParts } from './signed-text.js';
import { UsedSignatures } from './used-signatures.js';
import {
  type SignedAccount,
  type SignedRequest,
  type SignedRequestSettings,
  type VerifyOptions,
  verifySignedRequest,
} from './verify-request.js';

const NOW = 1_700_000_000_000;
const HOST = 'api.example.com';
const ANN: SignedAccount = { login: 'ann', secret: 's3cret', tokenSecret: 'one', authSecret: '', expires: 0 };
const SETTINGS: SignedRequestSettings = {
  signatureName: 'bk-signature',
  accessTokenName: 'bk-access-token',
  accessTokenSecret: 'tokens',
  legacyTokens: false,
  ageMs: 0,
  maxAgeMs: 86_400_000,
};

type Wish = Partial<SignWish> & { readonly request?: Partial<SignedParts> };

function sign({ request = {}, ...wish }: Wish = {}, account: SignedAccount = ANN): string {
  const whole: SignWish = { version: 4, login: account.login, expires: NOW + 60_000, ...wish };
  return signRequest(whole, account, { host: HOST, url: '/account/get', ...request });
}

function signed(text: string, more: Partial<SignedRequest> = {}): SignedRequest {
  return { method: 'GET', url: '/account/get', headers: { host: HOST, 'bk-signature': text }, ...more };
}

/** 200, or the status and code of the refusal. */
async function outcome(request: SignedRequest, more: Partial<VerifyOptions<SignedAccount>> = {}): Promise<string> {
  const account = (login: string): SignedAccount | null => (login === ANN.login ? ANN : null);
  try {
    await verifySignedRequest(request, { settings: SETTINGS, now: NOW, account, ...more });
    return '200';
  } catch (error) {
    if (!(error instanceof SignedRequestRefusal)) throw error;
    return `${error.status} ${error.code}`;
  }
}

describe('a request is refused by the first that does not hold', () => {
  const expired = sign({ expires: NOW - 1 });

  test('no method or host, before anything else', async () => {
    expect(await outcome(signed(expired, { method: '' }))).toBe('415 NOMETHOD');
    expect(await outcome({ ...signed(expired), headers: { 'bk-signature': expired } })).toBe('415 NOMETHOD');
  });

  test('no signature, or none that can be read', async () => {
    expect(await outcome(signed('4||ann|half'))).toBe('417 NOLOGIN');
    expect(await outcome({ ...signed(''), headers: { host: HOST } })).toBe('417 NOLOGIN');
  });

  test('an expiry that has passed, before the login is looked up', async () => {
    expect(await outcome(signed(expired), { account: () => Promise.reject(new Error('asked')) })).toBe('406 EXPIRED');
    expect(await outcome(signed(sign({ expires: NOW })))).toBe('200');
    expect(await outcome(signed(expired), { settings: { ...SETTINGS, ageMs: 1 } })).toBe('200');
  });

  test('an expiry further ahead than there is any need for', async () => {
    expect(await outcome(signed(sign({ expires: NOW + 86_400_000 })))).toBe('200');
    expect(await outcome(signed(sign({ expires: NOW + 86_400_001 })))).toBe('406 EXPIRED');
  });

  test('a version that does not belong where it came from', async () => {
    expect(await outcome(signed(sign({ version: 2 })))).toBe('416 NOSRC');
    expect(await outcome(signed(sign({ version: 3 })))).toBe('416 NOSRC');
    expect(await outcome({ ...signed(''), headers: { host: HOST }, session: sign() })).toBe('416 NOSRC');
  });

  test('an account that there is not, or that has ended', async () => {
    expect(await outcome(signed(sign({ login: 'bob' })))).toBe('404 NOACCOUNT');
    const ended = { ...ANN, expires: NOW - 1 };
    expect(await outcome(signed(sign({}, ended)), { account: () => ended })).toBe('412 ENDED');
  });

  test('what its account may not have, before the signature is compared', async () => {
    const admit = (): void => {
      throw new SignedRequestRefusal(403, 'NOAUTH', 'not this path');
    };
    expect(await outcome(signed('4||ann|wrong|1700000060000||'), { admit })).toBe('403 NOAUTH');
  });

  test('a signature that is another one', async () => {
    expect(await outcome(signed('4||ann|wrong|1700000060000||'))).toBe('401 NOAUTH');
    expect(await outcome(signed(sign(), { method: 'PUT' }))).toBe('401 NOAUTH');
    expect(await outcome(signed(sign(), { url: '/account/get?id=2' }))).toBe('401 NOAUTH');
  });
});

test('an account without a secret cannot be signed for', async () => {
  const empty = { ...ANN, secret: '' };
  expect(await outcome(signed(sign({}, empty)), { account: () => empty })).toBe('401 NOAUTH');
});

test.each([0, 6, 7, 99])('version %i is no version', async (version) => {
  const text = sign({ version: version as 4 });
  expect(await outcome(signed(text))).toBe('401 NOAUTH');
});

test('a second factor is part of the key of version 4', async () => {
  const both = { ...ANN, authSecret: '123456' };
  expect(await outcome(signed(sign()), { account: () => both })).toBe('401 NOAUTH');
  expect(await outcome(signed(sign({}, both)), { account: () => both })).toBe('200');
});

test('a token holds until the account has another token secret', async () => {
  const token = sealToken(sign({ version: 3 }), SETTINGS.accessTokenSecret);
  const request = signed('', { headers: { host: HOST, 'bk-access-token': token } });
  expect(await outcome(request)).toBe('200');
  expect(await outcome(request, { account: () => ({ ...ANN, tokenSecret: 'two' }) })).toBe('401 NOAUTH');
});

test('a body that was altered is noticed by its checksum, before anything is looked up', async () => {
  const body = '{"msg":"hi"}';
  const request = { method: 'POST', contentType: 'application/json', url: '/message/add' };
  const text = sign({ checksum: checksumOf(body), request });
  const headers = { host: HOST, 'content-type': 'application/json', 'bk-signature': text };
  const post = { method: 'POST', url: '/message/add', headers };
  expect(await outcome({ ...post, body })).toBe('200');
  expect(await outcome({ ...post, body: '{"msg":"ho"}' })).toBe('400 CHECKSUM');
});

test('a signature in the query wins over one in the header and over a session', async () => {
  const url = '/account/get?x=1';
  const text = sign({ request: { url } });
  const request = signed('4||ann|wrong|1700000060000||', {
    url: `${url}&bk-signature=${encodeURIComponent(text)}`,
    session: 'nonsense',
  });
  expect(await outcome(request)).toBe('200');
});

test('what is switched off counts as missing', async () => {
  expect(await outcome(signed(sign()), { settings: { ...SETTINGS, carriers: ['token'] } })).toBe('417 NOLOGIN');
});

describe('who guesses', () => {
  test('waits after a few wrong signatures, with a right one too; sessions, which the server made, do not', async () => {
    const throttle = createThrottle({ now: () => NOW });
    const attempt = ({ login }: SignedAccount): Admission => throttle.enter({ account: login, address: '192.0.2.1' });
    const wrong = signed('4||ann|wrong|1700000060000||');
    for (let n = 0; n < 5; n++) expect(await outcome(wrong, { attempt })).toBe('401 NOAUTH');
    for (const request of [wrong, signed(sign())]) {
      await expect(outcome(request, { attempt })).rejects.toMatchObject({ code: 'rate-limited' });
    }
    const session = signed('', { headers: { host: HOST }, session: sign({ version: 2 }) });
    expect(await outcome(session, { attempt })).toBe('200');
  });

  test('is not who signs right, however often', async () => {
    const throttle = createThrottle({ now: () => NOW });
    const attempt = ({ login }: SignedAccount): Admission => throttle.enter({ account: login, address: '192.0.2.1' });
    for (let n = 0; n < 100; n++) expect(await outcome(signed(sign()), { attempt })).toBe('200');
  });
});

describe('where signatures are taken once', () => {
  const used = (): UsedSignatures => new UsedSignatures({ max: () => 100, now: () => NOW });

  test('the second time is refused, another one is not', async () => {
    const options = { used: used() };
    expect(await outcome(signed(sign()), options)).toBe('200');
    expect(await outcome(signed(sign()), options)).toBe('401 REPLAY');
    expect(await outcome(signed(sign({ tag: 'again' })), options)).toBe('200');
  });

  test('a wrong signature uses nothing up', async () => {
    const options = { used: used() };
    expect(await outcome(signed(sign(), { method: 'PUT' }), options)).toBe('401 NOAUTH');
    expect(await outcome(signed(sign()), options)).toBe('200');
  });

  test('sessions and tokens, which are made to be sent again, are not counted', async () => {
    const options = { used: used() };
    const request = signed('', { headers: { host: HOST }, session: sign({ version: 2 }) });
    expect([await outcome(request, options), await outcome(request, options)]).toEqual(['200', '200']);
  });
});
