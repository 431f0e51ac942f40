import { sealToken, signRequest } from '@backside/auth';
import type { Json } from '@backside/tree';
import type { Credential } from '../credentials/credential.js';
import type { LegacyCall } from '../endpoint.js';
import { sessionCookies } from './session-cookie.js';

/** What a caller who asked for a session or a token gets with its answer. */
export interface IssuedProofs {
  /** For the body: the token and its age, or nothing. */
  readonly fields: Readonly<Record<string, Json>>;
  readonly headers: Readonly<Record<string, readonly string[]>>;
}

/** What `_session` and `_accesstoken` ask for. Where the settings allow none, none is issued. */
export function issueProofs(
  call: Pick<LegacyCall, 'context' | 'control' | 'request'>,
  credential: Credential,
): IssuedProofs {
  const { session, accessToken } = call.control;
  return {
    fields: accessToken === true ? tokenFields(call, credential) : {},
    headers: session === null ? {} : cookieHeaders(call, session ? credential : null),
  };
}

/** The same for who is let in already. Who bears an access token of Backside gets none: they would outlive the session of that. */
export function issueFurtherProofs(call: LegacyCall): IssuedProofs {
  const { principal, credential } = call.requireAccount();
  return principal === null ? issueProofs(call, credential) : { fields: {}, headers: {} };
}

function tokenFields(
  { context, request }: Pick<LegacyCall, 'context' | 'request'>,
  credential: Credential,
): Record<string, Json> {
  const { settings, now } = context;
  if (settings.noAccessToken || settings.accessTokenSecret === '') return {};
  const expires = now() + settings.accessTokenAgeMs;
  const { login } = credential;
  const text = signRequest({ version: 3, login, expires }, credential, { host: request.headers.host ?? '' });
  const name = settings.accessTokenName;
  return { [name]: sealToken(text, settings.accessTokenSecret), [`${name}-age`]: settings.accessTokenAgeMs };
}

/** Null ends the session. */
export function cookieHeaders(
  { context, request }: Pick<LegacyCall, 'context' | 'request'>,
  credential: Credential | null,
): Record<string, readonly string[]> {
  const { settings, now } = context;
  if (settings.noSession) return {};
  const signature = credential === null ? null : sessionSignature(credential, now() + settings.sessionAgeMs);
  const cookies = sessionCookies(signature, settings, request);
  return cookies.length === 0 ? {} : { 'set-cookie': cookies };

  function sessionSignature({ login, ...secrets }: Credential, expires: number): string {
    return signRequest({ version: 2, login, expires }, secrets, { host: request.headers.host ?? '' });
  }
}
