import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import { decodeAttestationObject } from '@simplewebauthn/server/helpers';

/** Bounds in characters of base64url: a credential id has at most 1,023 bytes, all else far fewer than these. */
const MAX_ID_CHARS = 1364;
const MAX_FIELD_CHARS = 16_384;
const MAX_TRANSPORTS = 8;

type Fields = Readonly<Record<string, unknown>>;

/** The answer to `navigator.credentials.create()` with nothing in it that nobody checks; throws unless it has that shape. */
export function parseRegistration(body: unknown): RegistrationResponseJSON {
  const { id, inner } = parseCredential(body);
  const transports = inner.transports;
  return {
    ...credential(id),
    response: {
      clientDataJSON: base64url(inner.clientDataJSON, MAX_FIELD_CHARS),
      attestationObject: withoutCertificates(base64url(inner.attestationObject, MAX_FIELD_CHARS)),
      transports: Array.isArray(transports) ? transports.filter(isTransport).slice(0, MAX_TRANSPORTS) : [],
    },
  };
}

/** The answer to `navigator.credentials.get()`; throws unless it has that shape. */
export function parseAuthentication(body: unknown): AuthenticationResponseJSON {
  const { id, inner } = parseCredential(body);
  const handle = inner.userHandle;
  return {
    ...credential(id),
    response: {
      clientDataJSON: base64url(inner.clientDataJSON, MAX_FIELD_CHARS),
      authenticatorData: base64url(inner.authenticatorData, MAX_FIELD_CHARS),
      signature: base64url(inner.signature, MAX_FIELD_CHARS),
      ...(handle === undefined || handle === null ? {} : { userHandle: base64url(handle, MAX_FIELD_CHARS) }),
    },
  };
}

function credential(id: string): { id: string; rawId: string; type: 'public-key'; clientExtensionResults: object } {
  return { id, rawId: id, type: 'public-key', clientExtensionResults: {} };
}

function parseCredential(body: unknown): { id: string; inner: Fields } {
  const outer = object(body);
  if (outer.type !== 'public-key' || outer.rawId !== outer.id) throw new Error('not a credential');
  return { id: base64url(outer.id, MAX_ID_CHARS), inner: object(outer.response) };
}

/**
 * No attestation is asked for, and a client that sends a chain of certificates all the same would have this server look up
 * whether they were revoked, at addresses that the chain names.
 */
function withoutCertificates(attestationObject: string): string {
  const decoded = decodeAttestationObject(new Uint8Array(Buffer.from(attestationObject, 'base64url')));
  const format = decoded.get('fmt');
  const selfSigned = format === 'packed' && decoded.get('attStmt').get('x5c') === undefined;
  if (format !== 'none' && !selfSigned) throw new Error('attestation that was not asked for');
  return attestationObject;
}

function object(value: unknown): Fields {
  if (typeof value !== 'object' || value === null) throw new Error('not an object');
  return value as Fields;
}

function base64url(value: unknown, maxChars: number): string {
  if (typeof value !== 'string' || value.length > maxChars || !/^[A-Za-z0-9_-]+$/.test(value)) {
    throw new Error('not base64url, or too long');
  }
  return value;
}

function isTransport(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z-]{1,20}$/.test(value);
}
