/** A URL with scheme, hosts and path only: what may be shown and logged. Takes lists of hosts too. */
export function redactUrl(url: string): string {
  return url.replace(/[?#].*$/s, '').replace(/\/\/[^/]*@/, '//***@');
}

/**
 * What an error says, without what else it holds: vendors attach whole commands and settings to errors. Whatever is secret in `url` is
 * replaced in the text too.
 */
export function withoutSecrets(error: unknown, url: string): Error {
  const { message, name, code } =
    error instanceof Error ? (error as Error & { code?: unknown }) : { message: String(error) };
  const text = secretsOf(url).reduce((safe, secret) => safe.replaceAll(secret, '***'), message);
  const plain = new Error(text || 'no reason was given');
  if (name !== undefined) plain.name = name;
  return typeof code === 'string' || typeof code === 'number' ? Object.assign(plain, { code }) : plain;
}

/** Passwords, tokens in the place of a user, and the values of the query, as written and as meant; the longest first. */
function secretsOf(url: string): string[] {
  const credentials = /\/\/([^/?#]*)@/.exec(url)?.[1] ?? '';
  const colon = credentials.indexOf(':');
  const password = colon < 0 ? credentials : credentials.slice(colon + 1);
  const query = [...new URLSearchParams(/\?([^#]*)/.exec(url)?.[1] ?? '')]
    .filter(([name]) => /pass|token|secret/i.test(name))
    .map(([, value]) => value);
  const all = [credentials, password, decoded(password), ...query].filter((secret) => secret !== '');
  return [...new Set(all)].sort((a, b) => b.length - a.length);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // it is used as it is written
  }
}
