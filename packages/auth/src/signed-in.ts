import { BacksideError } from '@backside/protocol';
import type { Account } from './account.js';
import { type AuthContext, audit } from './auth-context.js';
import { signInRefused } from './refusals.js';
import { sessionOf } from './session-record.js';
import type { NewSession, OpenSession } from './sessions.js';
import type { Client, SignedIn, SignInResult } from './sign-in-api.js';

const CHALLENGE_MS = 5 * 60_000;

/** The answer to who has signed in: the session with an access token for it. */
export async function answerFor(context: AuthContext, account: Account, open: OpenSession): Promise<SignedIn> {
  const { now, settings, accessTokens, accounts } = context;
  const { id, record, refreshToken } = open;
  const end = Math.min(now() + settings.accessTokenMs, record.createdAt + settings.sessionMaxMs);
  const accessExpiresAt = Math.floor(end / 1000) * 1000;
  return {
    kind: 'signed-in',
    user: accounts.user(account),
    session: sessionOf(id, record),
    accessToken: await accessTokens.sign({ uid: account.uid, session: id, expiresAt: accessExpiresAt }),
    accessExpiresAt,
    refreshToken,
    refreshExpiresAt: record.expiresAt,
  };
}

/** Begins a session of an account that has proven all that it has to; refused if that was made void meanwhile. */
export async function beginSession(context: AuthContext, account: Account, wish: NewSession): Promise<SignedIn> {
  const { session, edit } = context.sessions.open(account, wish);
  try {
    await context.tree.update(edit.changes, edit.expect);
  } catch (error) {
    if (error instanceof BacksideError && error.code === 'precondition-failed') throw signInRefused(error);
    throw error;
  }
  audit(context, 'sign-in', wish.client, { uid: account.uid, details: { provider: wish.provider } });
  return answerFor(context, account, session);
}

/** After the first factor: a session, or a challenge if the account has a second one. */
export async function beginOrChallenge(
  context: AuthContext,
  account: Account,
  how: { readonly provider: string; readonly client: Client; readonly external?: string | undefined },
): Promise<SignInResult> {
  if (account.secrets.totp === undefined) return beginSession(context, account, how);
  const { uid, generation } = account;
  const { provider, external } = how;
  const data = { uid, generation, provider, ...(external === undefined ? {} : { external }) };
  const { token, expiresAt } = await context.oneTime.create('second-factor', { lifetimeMs: CHALLENGE_MS, data });
  return { kind: 'second-factor-required', challenge: token, expiresAt };
}
