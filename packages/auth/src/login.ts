import { createHash } from 'node:crypto';
import { domainToASCII } from 'node:url';
import { BacksideError } from '@backside/protocol';

/** What one signs in as, in the one form in which two spellings of it are equal. */
export interface Login {
  readonly kind: 'email' | 'username';
  readonly text: string;
}

/** Device keys begin so; usernames may not. */
export const DEVICE_KEY_PREFIX = 'dk_';

const MAX_EMAIL_CHARS = 254;
const LOCAL_PART = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const DOMAIN = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/;
const USERNAME = /^[a-z0-9][a-z0-9._-]{1,62}[a-z0-9]$/;

/**
 * What a user typed as a login; null if no account can have it. An e-mail address has an `@`, a username has none.
 *
 * Both are folded by NFKC and lower-cased, then must be ASCII (a domain becomes its `xn--` form): full-width or otherwise
 * dressed-up letters become the plain ones, letters of other scripts that look alike are refused. So no two logins look the same.
 */
export function parseLogin(text: string): Login | null {
  if (text.length > MAX_EMAIL_CHARS) return null;
  const folded = text.trim().normalize('NFKC').toLowerCase();
  return folded.includes('@') ? parseEmail(folded) : parseUsername(folded);
}

function parseEmail(folded: string): Login | null {
  const at = folded.lastIndexOf('@');
  const local = folded.slice(0, at);
  const domain = domainToASCII(folded.slice(at + 1));
  if (local.length > 64 || !LOCAL_PART.test(local) || !DOMAIN.test(domain)) return null;
  const text = `${local}@${domain}`;
  return text.length > MAX_EMAIL_CHARS ? null : { kind: 'email', text };
}

function parseUsername(folded: string): Login | null {
  if (!USERNAME.test(folded) || folded.startsWith(DEVICE_KEY_PREFIX)) return null;
  return { kind: 'username', text: folded };
}

/** The address in its one form, or `invalid-data`. */
export function normaliseEmail(text: string): string {
  return normalised(text, 'email', 'Not an e-mail address');
}

/** The username in its one form, or `invalid-data`. */
export function normaliseUsername(text: string): string {
  return normalised(
    text,
    'username',
    'A username has 3 to 64 letters a-z, digits, dots, dashes and underscores, a letter or digit at both ends',
  );
}

function normalised(text: string, kind: Login['kind'], problem: string): string {
  const login = parseLogin(text);
  if (login?.kind !== kind) throw new BacksideError('invalid-data', problem);
  return login.text;
}

/** The key under which the account of a login is found: what users type is never itself a key of the tree. */
export function loginKey(login: Login): string {
  return createHash('sha256').update(`${login.kind}:${login.text}`).digest('hex');
}
