import type { Admission } from '../throttle.js';
import { type Carrier, findSignature } from './find-signature.js';
import { checksumOf, type SigningSecrets, sameText, signatureOf } from './keyed-hash.js';
import { expiredRefusal, refusal } from './refusal.js';
import { parseSignature, type Signature } from './signature.js';
import { pathOf, type SignedParts, signedText } from './signed-text.js';
import type { UsedSignatures } from './used-signatures.js';

/** A request as it came, with its body if that was collected. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query, raw. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The signature in the session cookie, once the cookie is proven. */
  readonly session?: string | undefined;
  /** Null if there is none or it was not collected, as of multipart forms. */
  readonly body?: string | Uint8Array | null | undefined;
}

/** What must be known of an account to verify. */
export interface SignedAccount extends SigningSecrets {
  readonly login: string;
  /** Milliseconds since the epoch after which the account is no longer served; 0 if it does not end. */
  readonly expires: number;
}

export interface SignedRequestSettings {
  readonly signatureName: string;
  readonly accessTokenName: string;
  /** Empty: no token is taken. */
  readonly accessTokenSecret: string;
  /** Whether tokens in the original's unauthenticated form are taken. */
  readonly legacyTokens: boolean;
  /** How long past its expiry a signature still counts, in milliseconds. */
  readonly ageMs: number;
  /** How far ahead versions 1 and 4 may expire, in milliseconds; 0 for any time. */
  readonly maxAgeMs: number;
  /** Which carriers count; default all. */
  readonly carriers?: readonly Carrier[];
}

export interface VerifyOptions<Account extends SignedAccount> {
  readonly settings: SignedRequestSettings;
  /** Milliseconds since the epoch. */
  readonly now: number;
  account(login: string): Promise<Account | null> | Account | null;
  /** Throws for what the account may not have; asked before the signature is compared, as the original does. */
  admit?(account: Account): void;
  /**
   * Asked before a signature is compared that the client itself made, and told if it is right: what lets nobody guess secrets. Throws what
   * the request is then refused with. Sessions and tokens are sealed by the server, so nobody guesses by them.
   */
  attempt?(account: Account): Admission;
  /** Where signatures of versions 1 and 4 are remembered that may be used once; without it they may be used again until they expire. */
  readonly used?: UsedSignatures | null;
}

export interface Verified<Account> {
  readonly account: Account;
  readonly signature: Signature;
  readonly carrier: Carrier;
}

/** Until when, in milliseconds ahead, versions 1 and 4 are remembered at most if their expiry has no bound. */
const LONGEST_MEMORY_MS = 24 * 60 * 60 * 1000;
const FORM = 'application/x-www-form-urlencoded';

/**
 * Whose request it is. Rejects with a `SignedRequestRefusal` of the first that does not hold: method and host (415), a signature (417), the
 * body's checksum (400), its expiry (406), its carrier (416), the account (404), the account's end (412), what `admit` and `attempt` say, and the HMAC
 * (401), which is compared in constant time; last, that it was not used before (401).
 */
export async function verifySignedRequest<Account extends SignedAccount>(
  request: SignedRequest,
  options: VerifyOptions<Account>,
): Promise<Verified<Account>> {
  const { settings, now } = options;
  const host = headerOf(request, 'host');
  if (request.method === '' || host === '') throw refusal('NOMETHOD');
  const { signature, carrier } = signatureIn(request, settings);
  checkChecksum(request, signature);
  checkExpiry(request, signature, options);
  checkCarrier(signature, carrier);
  const account = await options.account(signature.login);
  if (account === null) throw refusal('NOACCOUNT');
  if (account.expires > 0 && account.expires < now) throw refusal('ENDED');
  options.admit?.(account);
  const attempt = carrier === 'request' ? options.attempt?.(account) : undefined;
  const parts = partsOf(request, host);
  if (!isGenuine(signature, account, signedText(signature, parts, settings.signatureName))) throw refusal('NOAUTH');
  attempt?.succeeded();
  if (carrier === 'request') useOnce(signature, options);
  return { account, signature, carrier };
}

/** The login that a request claims to come from, before anything is verified; null if it bears no signature. */
export function claimedLogin(request: SignedRequest, settings: SignedRequestSettings): string | null {
  const found = findSignature(request, settings);
  return found === null ? null : (parseSignature(found.text)?.login ?? null);
}

function signatureIn(
  request: SignedRequest,
  settings: SignedRequestSettings,
): { signature: Signature; carrier: Carrier } {
  const found = findSignature(request, settings);
  const signature = found === null ? null : parseSignature(found.text);
  if (found === null || signature === null) throw refusal('NOLOGIN');
  if (settings.carriers !== undefined && !settings.carriers.includes(found.carrier)) throw refusal('NOLOGIN');
  return { signature, carrier: found.carrier };
}

/** Only of bodies that were collected; a checksum on what has no body is signed and says nothing. */
function checkChecksum({ method, body }: SignedRequest, { checksum }: Signature): void {
  if (checksum === '' || method !== 'POST' || body === null || body === undefined) return;
  if (!sameText(checksumOf(body), checksum)) throw refusal('CHECKSUM');
}

function checkExpiry<Account extends SignedAccount>(
  { url }: SignedRequest,
  { version, expires }: Signature,
  { settings, now }: VerifyOptions<Account>,
): void {
  if (expires < now - settings.ageMs) throw expiredRefusal(pathOf(url), { now, expires });
  const bounded = settings.maxAgeMs > 0 && version !== 2 && version !== 3;
  if (bounded && expires > now + settings.maxAgeMs) throw expiredRefusal(pathOf(url), { now, expires });
}

function checkCarrier({ version }: Signature, carrier: Carrier): void {
  const right = version === 2 ? 'session' : version === 3 ? 'token' : 'request';
  if (carrier !== right) throw refusal('NOSRC');
}

function isGenuine({ version, hmac }: Signature, account: SigningSecrets, text: string): boolean {
  // An empty secret would let anybody sign.
  if (version < 1 || version > 4 || account.secret === '') return false;
  return sameText(signatureOf(version, text, account), hmac);
}

function useOnce<Account extends SignedAccount>(signature: Signature, options: VerifyOptions<Account>): void {
  const { used, now, settings } = options;
  if (used === undefined || used === null) return;
  const until = Math.min(
    signature.expires + settings.ageMs,
    now + (settings.maxAgeMs || LONGEST_MEMORY_MS) + settings.ageMs,
  );
  const use = used.use(signature, until);
  if (use === 'again') throw refusal('REPLAY');
  if (use === 'full') throw refusal('BUSY');
}

function partsOf(request: SignedRequest, host: string): SignedParts {
  const contentType = headerOf(request, 'content-type');
  const isForm = request.method === 'POST' && contentType.split(';', 1)[0]!.trim() === FORM;
  const body = request.body ?? '';
  const form = isForm ? (typeof body === 'string' ? body : Buffer.from(body).toString()) : null;
  return { method: request.method, host, url: request.url, contentType, form };
}

function headerOf({ headers }: SignedRequest, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : (value?.[0] ?? '');
}
