/**
 * How requests of the legacy API are signed: 1 and 4 for one request, 2 for a session in a cookie, 3 for an access token. Version 5 is the
 * secret itself and never taken.
 */
export type SignatureVersion = 1 | 2 | 3 | 4;

/** A signature as clients send it: `version|tag|login|hmac|expires|checksum|`. */
export interface Signature {
  /** Any whole number that was sent; 0 for what is none. */
  readonly version: number;
  /** What the client likes to add; signed from version 2 on. */
  readonly tag: string;
  readonly login: string;
  /** Base64. */
  readonly hmac: string;
  /** Milliseconds since the epoch; 0 for what is no number. */
  readonly expires: number;
  /** Base64 of the SHA-1 of the body; empty if the body is not covered. */
  readonly checksum: string;
}

const FIELDS = 7;
/** A signature is some hundred characters; nobody has it look through more. */
const MAX_CHARS = 4_096;

/** The first signature in a text, which may have more before and behind, or null. A pipe can stand in no field. */
export function parseSignature(text: string): Signature | null {
  if (text.length > MAX_CHARS) return null;
  const pieces = text.split('|');
  for (let at = 0; at + FIELDS <= pieces.length; at++) {
    const [version, tag, login, hmac, expires, checksum] = pieces.slice(at, at + FIELDS) as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    if (version === '' || login.trim() === '' || hmac === '' || expires === '') continue;
    return { version: whole(version), tag, login: login.trim(), hmac, expires: whole(expires), checksum };
  }
  return null;
}

/** What `parseSignature` reads. */
export function formatSignature({ version, tag, login, hmac, expires, checksum }: Signature): string {
  return `${version}|${tag}|${login}|${hmac}|${expires}|${checksum}|`;
}

function whole(text: string): number {
  const number = Number.parseInt(text, 10);
  return Number.isSafeInteger(number) ? number : 0;
}
