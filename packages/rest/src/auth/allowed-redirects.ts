import { BacksideError } from '@backside/protocol';

/** Checks where a browser asks to be sent back to. Returns it if that is allowed, else throws `invalid-data`. */
export type CheckRedirect = (target: string) => string;

/**
 * Allows a target that is one of `allowed` to the letter, or that has its origin and lies at or below its path. So an
 * entry `https://app.example.com` allows that origin, and never `https://app.example.com.evil` or `https://app.example.com@evil`.
 */
export function createCheckRedirect(allowed: readonly string[]): CheckRedirect {
  const literal = new Set(allowed);
  const bases = allowed.flatMap((entry) => webAddress(entry) ?? []);
  return (target) => {
    if (literal.has(target)) return target;
    const url = webAddress(target);
    if (url !== null && bases.some((base) => isBelow(url, base))) return url.href;
    throw new BacksideError('invalid-data', 'the address to return to is not among those that the server allows');
  };
}

/** Only what every reader takes for the same thing: a scheme, two slashes, no user, no backslash, no white space. */
function webAddress(source: string): URL | null {
  if (!/^https?:\/\/[^/\\@\s]+(?:[/?][^\\\s]*)?$/.test(source) || hasControl(source) || !URL.canParse(source))
    return null;
  const url = new URL(source);
  return url.username === '' && url.password === '' && url.hash === '' ? url : null;
}

function hasControl(source: string): boolean {
  for (let index = 0; index < source.length; index += 1) {
    if (source.charCodeAt(index) < 0x20 || source.charCodeAt(index) === 0x7f) return true;
  }
  return false;
}

function isBelow(url: URL, base: URL): boolean {
  const folder = base.pathname.endsWith('/') ? base.pathname : `${base.pathname}/`;
  return url.origin === base.origin && (url.pathname === base.pathname || url.pathname.startsWith(folder));
}
