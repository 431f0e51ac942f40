import { BacksideError, type Credentials, NOBODY, type Principal } from '@backside/protocol';
import { decodeJwt } from 'jose';
import { isAccessToken } from './access-token.js';
import type { Account } from './account.js';
import { type AuthContext, audit, enter } from './auth-context.js';
import { proveCustomToken } from './custom-sign-in.js';
import { isDeviceKey } from './devices.js';
import { identityOfOidc } from './federated.js';
import type { OidcProvider } from './oidc.js';
import type { OidcIdentity } from './oidc-id-token.js';
import { provePassword } from './password-proof.js';
import { signInRefused } from './refusals.js';
import type { Client } from './sign-in-api.js';

/** Longer texts are not decoded. */
const MAX_TOKEN_CHARS = 16_384;

/** See `Auth.authenticate`. */
export async function authenticate(context: AuthContext, credentials: Credentials): Promise<Principal> {
  const { database, login, passcode, token, remoteAddress: address } = credentials;
  if (database !== context.database) throw signInRefused();
  if (token) return byToken(context, token);
  if (!login) return NOBODY;
  if (!passcode) return byToken(context, login);
  if (isDeviceKey(login)) return byDevice(context, { key: login, secret: passcode, client: { address } });
  return byPassword(context, { login, password: passcode }, { address });
}

async function byToken(context: AuthContext, token: string): Promise<Principal> {
  if (isAccessToken(token)) return byAccessToken(context, token);
  return (await byCustomToken(context, token)) ?? byIdToken(context, token);
}

/** A session that began on another node a moment ago may not be known here yet: the signature says that it is worth asking. */
async function byAccessToken(context: AuthContext, token: string): Promise<Principal> {
  const { uid, session, expiresAt } = await context.accessTokens.verify(token);
  if (context.sessions.get(session) === null) await context.freshness.refresh();
  return somebody(context.principals.of(uid, { kind: 'session', id: session }, expiresAt));
}

/** Null if no key of the application verifies it. */
async function byCustomToken(context: AuthContext, token: string): Promise<Principal | null> {
  const identity = await unlessRefused(proveCustomToken(context, token));
  if (identity === null) return null;
  return somebody(context.principals.ofCustomToken(identity.uid, identity.claims, identity.expiresAt));
}

/**
 * Each provider of the issuer that the token names is asked whether the token is its own, and nobody else sees it. One that cannot
 * tell makes the sign-in `unavailable`, unless another knows it.
 */
async function byIdToken(context: AuthContext, token: string): Promise<Principal> {
  const issuer = issuerNamedBy(token);
  let failure: unknown = signInRefused();
  for (const provider of context.oidc.values()) {
    if (provider.issuer.href !== issuer) continue;
    try {
      const verified = await unlessRefused(provider.verifyIdToken(token));
      if (verified !== null) return await byVerifiedIdToken(context, provider, verified);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function byVerifiedIdToken(
  context: AuthContext,
  provider: OidcProvider,
  verified: OidcIdentity,
): Promise<Principal> {
  await context.freshness.refresh();
  const { account } = await context.identities.resolve(identityOfOidc(provider, verified));
  return direct(context, account, { provider: provider.name, expiresAt: verified.expiresAt });
}

/** Nothing is verified; null if the token names none. */
function issuerNamedBy(token: string): string | null {
  if (token.length > MAX_TOKEN_CHARS) return null;
  try {
    const { iss } = decodeJwt(token);
    return typeof iss === 'string' && URL.canParse(iss) ? new URL(iss).href : null;
  } catch {
    return null; // Not a JWT: then it names nobody.
  }
}

/** Null instead of a rejection as `unauthenticated`. */
async function unlessRefused<T>(proof: Promise<T>): Promise<T | null> {
  try {
    return await proof;
  } catch (error) {
    if (error instanceof BacksideError && error.code === 'unauthenticated') return null;
    throw error;
  }
}

async function byDevice(
  context: AuthContext,
  proof: { readonly key: string; readonly secret: string; readonly client: Client },
): Promise<Principal> {
  const { key, secret, client } = proof;
  const admission = enter(context, client, { account: `device:${key}` });
  if (context.devices.get(key) === null) await context.freshness.refresh();
  const device = context.devices.prove(key, secret);
  if (device === null) {
    audit(context, 'sign-in', client, { failed: true, details: { provider: 'device' } });
    throw signInRefused();
  }
  admission.succeeded();
  return somebody(context.principals.of(device.uid, { kind: 'device', key }));
}

async function byPassword(
  context: AuthContext,
  claim: { readonly login: string; readonly password: string },
  client: Client,
): Promise<Principal> {
  const { account, provider, admission } = await provePassword(context, claim, client);
  if (account.secrets.totp !== undefined) admission.withdrawn();
  else admission.succeeded();
  const principal = direct(context, account, { provider });
  audit(context, 'sign-in', client, { uid: account.uid, details: { provider, connection: true } });
  return principal;
}

/** Who has proven themselves on the connection, by one factor. */
function direct(context: AuthContext, account: Account, how: { provider: string; expiresAt?: number }): Principal {
  if (account.secrets.totp !== undefined) {
    throw new BacksideError('second-factor-required', 'Sign in with both factors and use the token');
  }
  const { uid, generation } = account;
  return somebody(context.principals.of(uid, { kind: 'direct', provider: how.provider, generation }, how.expiresAt));
}

/** Nobody cannot prove anything. */
function somebody(principal: Principal): Principal {
  if (principal.kind === 'nobody') throw signInRefused();
  return principal;
}
