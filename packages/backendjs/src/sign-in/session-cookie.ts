import Keygrip from 'keygrip';
import type { LegacyRequest } from '../http/legacy-request.js';
import type { BackendjsSettings } from '../settings.js';

/** What the cookie is made with: the name of signatures and the key of sessions. */
type CookieSettings = Pick<BackendjsSettings, 'signatureName' | 'sessionSecret'>;

/** Base64 of `{}`. */
const EMPTY = 'e30=';
const MAX_CHARS = 4_096;

/**
 * The session signature in a request's cookies, or an empty text. The cookie counts only with its companion `.sig`, a HMAC over
 * `name=value` under the session secret, compared in constant time.
 */
export function readSessionCookie(request: LegacyRequest, settings: CookieSettings): string {
  const { signatureName: name, sessionSecret } = settings;
  if (sessionSecret === '') return '';
  const cookies = parseCookies(request.headers.cookie ?? '');
  const value = cookies.get(name) ?? '';
  const proof = cookies.get(`${name}.sig`) ?? '';
  if (value === '' || value.length > MAX_CHARS || proof === '') return '';
  if (!new Keygrip([sessionSecret]).verify(`${name}=${value}`, proof)) return '';
  return signatureIn(value, name);
}

/** The two cookies that carry a session signature, or an empty session. */
export function sessionCookies(
  signature: string | null,
  settings: CookieSettings,
  request: Pick<LegacyRequest, 'secure'>,
): string[] {
  const { signatureName: name, sessionSecret } = settings;
  if (sessionSecret === '') return [];
  const session = signature === null ? EMPTY : Buffer.from(JSON.stringify({ [name]: signature })).toString('base64');
  const proof = new Keygrip([sessionSecret]).sign(`${name}=${session}`);
  // Every operation may be a GET: no other site may have browsers send the cookie along.
  const attributes = `; path=/; httponly; samesite=strict${request.secure ? '; secure' : ''}`;
  return [`${name}=${session}${attributes}`, `${name}.sig=${proof}${attributes}`];
}

function signatureIn(value: string, name: string): string {
  try {
    const session: unknown = JSON.parse(Buffer.from(value, 'base64').toString());
    const signature = session !== null && typeof session === 'object' ? Reflect.get(session, name) : undefined;
    return typeof signature === 'string' ? signature : '';
  } catch {
    return ''; // Proven to be ours, and yet no session: as good as none.
  }
}

/** The first value of each name counts. */
function parseCookies(header: string): Map<string, string> {
  const cookies = new Map<string, string>();
  for (const piece of header.split(';')) {
    const at = piece.indexOf('=');
    const name = piece.slice(0, at).trim();
    if (at > 0 && !cookies.has(name)) cookies.set(name, piece.slice(at + 1).trim());
  }
  return cookies;
}
