import { openToken } from './sealed-token.js';
import { queryOf } from './signed-text.js';
import type { SignedRequest, SignedRequestSettings } from './verify-request.js';

/** Where a signature came from. Versions 2 and 3 count only from a session and a token, and nothing else does there. */
export type Carrier = 'request' | 'token' | 'session';

export interface FoundSignature {
  readonly carrier: Carrier;
  readonly text: string;
}

/** The text of the first of: query, header, access token, session. Null if there is none, or a token that is none. */
export function findSignature(request: SignedRequest, settings: SignedRequestSettings): FoundSignature | null {
  const { signatureName, accessTokenName } = settings;
  const own = parameter(request.url, signatureName) || header(request, signatureName);
  if (own !== '') return { carrier: 'request', text: own };
  const token = parameter(request.url, accessTokenName) || header(request, accessTokenName);
  if (token !== '') {
    const text = openToken(token, { secret: settings.accessTokenSecret, legacy: settings.legacyTokens });
    return text === null ? null : { carrier: 'token', text };
  }
  const session = request.session ?? '';
  return session === '' ? null : { carrier: 'session', text: session };
}

function parameter(url: string, name: string): string {
  return new URLSearchParams(queryOf(url)).get(name) ?? '';
}

function header({ headers }: SignedRequest, name: string): string {
  const value = headers[name.toLowerCase()];
  return typeof value === 'string' ? value : (value?.[0] ?? '');
}
