import { BacksideError } from '@backside/protocol';
import { type Account, edited } from './account.js';
import { recordOf } from './accounts.js';
import { type AuthContext, audit, enter } from './auth-context.js';
import type { AuthProvider, ProviderUser } from './auth-provider.js';
import { type Login, parseLogin } from './login.js';
import { isPossiblePassword } from './password-policy.js';
import { signInRefused } from './refusals.js';
import type { Client } from './sign-in-api.js';
import type { Admission } from './throttle.js';

/** Who gave the right password, before any second factor. */
export interface PasswordProof {
  readonly account: Account;
  /** `password`, or the name of the `AuthProvider`. */
  readonly provider: string;
  readonly external?: string | undefined;
  /** To be told how it ends. */
  readonly admission: Admission;
}

const MAX_LOGIN_CHARS = 320;

/**
 * Whose login and password these are. Takes as long whether or not there is such an account; rejects `unauthenticated` without a
 * reason, `rate-limited` before anything was looked at.
 */
export async function provePassword(
  context: AuthContext,
  claim: { readonly login: string; readonly password: string },
  client: Client,
): Promise<PasswordProof> {
  if (claim.login.length > MAX_LOGIN_CHARS || !isPossiblePassword(claim.password)) throw signInRefused();
  await context.freshness.refresh();
  const login = parseLogin(claim.login);
  const account = login === null ? null : context.accounts.byLogin(login);
  const known = account !== null && isKnownAt(context, account, client);
  const admission = enter(context, client, { account: throttleName(login, claim.login), known });
  try {
    const proof = (await proveOwn(context, account, claim.password)) ?? (await proveElsewhere(context, claim));
    if (proof !== null && !proof.account.disabled) return { ...proof, admission };
  } catch (error) {
    admission.withdrawn();
    throw error;
  }
  audit(context, 'sign-in', client, { uid: account?.uid, failed: true, details: { provider: 'password' } });
  throw signInRefused();
}

/** Whether `password` is the account's; takes as long if it has none. Old hashes are made anew. */
export async function isOwnPassword(context: AuthContext, account: Account, password: string): Promise<boolean> {
  if (!isPossiblePassword(password)) return false;
  return (await proveOwn(context, account, password)) !== null;
}

async function proveOwn(
  context: AuthContext,
  account: Account | null,
  password: string,
): Promise<{ account: Account; provider: string } | null> {
  const { hasher, settings } = context;
  if (!settings.passwordSignIn && context.providers.length > 0) return null;
  const stored = account?.secrets.password ?? null;
  const { matches, outdated } = await hasher.verify(password, stored);
  if (!matches || account === null || !settings.passwordSignIn) return null;
  if (outdated) return { account: await renewHash(context, account, password), provider: 'password' };
  return { account, provider: 'password' };
}

async function renewHash(context: AuthContext, account: Account, password: string): Promise<Account> {
  const hash = await context.hasher.hash(password);
  return context.accounts.change(account.uid, (current) => {
    if (current.secrets.password !== account.secrets.password) return null;
    return { record: recordOf(current), secrets: edited(current.secrets, { password: hash }) };
  });
}

/** What the application's own directories say. One that cannot tell makes the sign-in `unavailable`. */
async function proveElsewhere(
  context: AuthContext,
  claim: { readonly login: string; readonly password: string },
): Promise<{ account: Account; provider: string; external: string } | null> {
  for (const provider of context.providers) {
    const user = await ask(provider, () => provider.authenticate(claim.login, claim.password));
    if (user === null) continue;
    const { account } = await context.identities.resolve(identityOf(provider, user));
    return { account, provider: provider.name, external: user.id };
  }
  return null;
}

/** What a directory answers; `unavailable` if it fails. */
export async function ask<T>(provider: AuthProvider, question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (cause) {
    throw new BacksideError('unavailable', `The directory ${provider.name} does not answer`, { cause });
  }
}

export function identityOf(
  provider: AuthProvider,
  user: ProviderUser,
): Parameters<AuthContext['identities']['resolve']>[0] {
  return {
    provider: provider.name,
    subject: user.id,
    email: user.email ?? null,
    emailVerified: user.emailVerified === true,
    name: user.displayName ?? null,
    claims: user.claims ?? {},
  };
}

/** Whether the account has a session that was last used from there. */
export function isKnownAt(context: AuthContext, account: Account, client: Client): boolean {
  return context.sessions.of(account).some(({ address }) => address === client.address);
}

/** All spellings of a login count as one. */
function throttleName(login: Login | null, text: string): string {
  return login === null ? `other:${text}` : `${login.kind}:${login.text}`;
}
