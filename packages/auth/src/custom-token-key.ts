import { createPublicKey, createSecretKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { BacksideError } from '@backside/protocol';

export type CustomTokenAlgorithm = 'HS256' | 'RS256' | 'ES256' | 'EdDSA';

const MIN_SECRET_BYTES = 32;
const MIN_RSA_BITS = 2048;

/**
 * The key as configured, or `invalid-data`: its type must be the one that the algorithm asks for, so that no public key
 * can ever serve as an HMAC secret. A private key is refused: a server that only verifies should not hold it.
 */
export function importCustomTokenKey(algorithm: CustomTokenAlgorithm, text: string): KeyObject {
  if (algorithm === 'HS256') return importSecret(text);
  const key = importPublicKey(algorithm, text);
  const problem = mismatch(algorithm, key);
  if (problem !== null) throw new BacksideError('invalid-data', `The ${algorithm} key ${problem}`);
  return key;
}

function importSecret(text: string): KeyObject {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.length < MIN_SECRET_BYTES) {
    throw new BacksideError('invalid-data', `An HS256 secret needs at least ${MIN_SECRET_BYTES} bytes`);
  }
  if (text.includes('-----BEGIN ') || /^\s*\{/.test(text)) {
    throw new BacksideError('invalid-data', 'An HS256 secret must not be a public or private key');
  }
  return createSecretKey(bytes);
}

function importPublicKey(algorithm: CustomTokenAlgorithm, text: string): KeyObject {
  if (text.includes('PRIVATE KEY-----')) throw privateKeyRefused(algorithm);
  try {
    if (!/^\s*\{/.test(text)) return createPublicKey(text);
    const jwk = JSON.parse(text) as JsonWebKey;
    if (jwk.d !== undefined) throw privateKeyRefused(algorithm);
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch (cause) {
    if (cause instanceof BacksideError) throw cause;
    throw new BacksideError('invalid-data', `The ${algorithm} key is neither PEM nor JWK of a public key`, { cause });
  }
}

function privateKeyRefused(algorithm: CustomTokenAlgorithm): BacksideError {
  return new BacksideError('invalid-data', `The ${algorithm} key is a private key; configure the public one`);
}

function mismatch(algorithm: CustomTokenAlgorithm, key: KeyObject): string | null {
  const type = key.asymmetricKeyType;
  if (algorithm === 'RS256') {
    if (type !== 'rsa') return 'is not an RSA key';
    return (key.asymmetricKeyDetails?.modulusLength ?? 0) < MIN_RSA_BITS ? `has fewer than ${MIN_RSA_BITS} bits` : null;
  }
  if (algorithm === 'ES256') {
    return type === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? null : 'is not on curve P-256';
  }
  return type === 'ed25519' ? null : 'is not an Ed25519 key';
}
