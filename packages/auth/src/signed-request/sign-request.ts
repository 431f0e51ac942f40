import { type SigningSecrets, signatureOf } from './keyed-hash.js';
import { formatSignature, type SignatureVersion } from './signature.js';
import { type SignedParts, signedText } from './signed-text.js';

export interface SignWish {
  readonly version: SignatureVersion;
  readonly tag?: string;
  readonly login: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  /** See `checksumOf`. */
  readonly checksum?: string;
  /** The name that signatures travel under; default `bk-signature`. */
  readonly signatureName?: string;
}

/** The signature of a request, as a client makes it. Versions 2 and 3 need only the host of it. */
export function signRequest(
  wish: SignWish,
  secrets: SigningSecrets,
  request: Partial<SignedParts> & Pick<SignedParts, 'host'>,
): string {
  const { version, tag = '', login, expires, checksum = '', signatureName = 'bk-signature' } = wish;
  const parts: SignedParts = { method: 'GET', url: '/', contentType: '', form: null, ...request };
  const text = signedText({ version, tag, login, expires, checksum }, parts, signatureName);
  return formatSignature({ version, tag, login, hmac: signatureOf(version, text, secrets), expires, checksum });
}
