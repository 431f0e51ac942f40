import { BacksideError, type Principal } from '@backside/protocol';
import { edited } from './account.js';
import type { AccountApi } from './account-api.js';
import { removeAccount } from './account-removal.js';
import { recordOf } from './accounts.js';
import { type AuthContext, audit } from './auth-context.js';
import { parseDisplayName } from './display-name.js';
import { requestEmailChange, requestVerification } from './email-verification.js';
import { ownSession, provenOwner } from './own-session.js';
import { assertPasswordsInUse, checkPassword } from './password-choice.js';
import { withPassword } from './password-reset.js';
import type { Client, SignedIn } from './sign-in-api.js';
import { beginSession } from './signed-in.js';

/** See `AccountApi`. */
export function createOwnAccount(context: AuthContext): AccountApi {
  const { accounts, sessions } = context;
  return {
    me: async (actor) => accounts.user((await ownSession(context, actor)).account),
    update: (actor, request) => rename(context, actor, request.displayName),
    changeEmail: (actor, { email, password }, client) =>
      requestEmailChange(context, actor, { email, password, client }),
    changePassword: (actor, request, client) => changePassword(context, actor, { ...request, client }),
    requestVerification: (actor, client) => requestVerification(context, actor, client),
    async prove(actor, { password }, client): Promise<void> {
      await provenOwner(context, actor, { password, client });
    },
    async delete(actor, { password }, client): Promise<void> {
      const { account } = await provenOwner(context, actor, { password, client });
      await removeAccount(context, account.uid);
      audit(context, 'user-deleted', client, { uid: account.uid });
    },
    async sessions(actor): ReturnType<AccountApi['sessions']> {
      const { account, session } = await ownSession(context, actor);
      return sessions.of(account).map((each) => ({ ...each, current: each.id === session.id }));
    },
    revokeSession: (actor, id, client) => revokeOne(context, actor, { id, client }),
    revokeOtherSessions: (actor, client) => revokeOthers(context, actor, client),
  };
}

async function rename(
  context: AuthContext,
  actor: Principal,
  displayName: string | null | undefined,
): ReturnType<AccountApi['update']> {
  const { account } = await ownSession(context, actor);
  if (displayName === undefined) return context.accounts.user(account);
  const name = displayName === null ? undefined : parseDisplayName(displayName);
  const renamed = await context.accounts.change(account.uid, (current) => ({
    record: edited(recordOf(current), { displayName: name }),
    secrets: current.secrets,
  }));
  return context.accounts.user(renamed);
}

async function changePassword(
  context: AuthContext,
  actor: Principal,
  request: { readonly current?: string | undefined; readonly next: string; readonly client: Client },
): Promise<SignedIn> {
  const { current, next, client } = request;
  assertPasswordsInUse(context);
  const { account } = await provenOwner(context, actor, { password: current, client });
  if (account.email === undefined && account.username === undefined) {
    throw new BacksideError('precondition-failed', 'The account has no login that a password could go with');
  }
  checkPassword(context, next, account);
  const password = await context.hasher.hash(next);
  const changed = await context.accounts.change(account.uid, (now) => {
    if (now.generation !== account.generation) throw new BacksideError('unauthenticated');
    return withPassword(context, now, { password, provenEmail: false });
  });
  audit(context, 'password-changed', client, { uid: changed.uid });
  if (changed.email !== undefined) context.mailer?.passwordChanged(changed.email);
  return beginSession(context, changed, { provider: 'password', client });
}

async function revokeOne(
  context: AuthContext,
  actor: Principal,
  { id, client }: { readonly id: string; readonly client: Client },
): Promise<void> {
  const { account } = await ownSession(context, actor);
  if (context.sessions.holds(id, account) === null) throw new BacksideError('not-found', 'No such session');
  await context.sessions.end(account.uid, id);
  audit(context, 'session-revoked', client, { uid: account.uid, details: { session: id } });
}

/** All are void at once by the account's generation, also those that this node does not know of yet. */
async function revokeOthers(context: AuthContext, actor: Principal, client: Client): Promise<void> {
  const { account, session } = await ownSession(context, actor);
  await context.accounts.change(account.uid, (current) => {
    const generation = current.generation + 1;
    return {
      record: edited(recordOf(current), { generation }),
      secrets: current.secrets,
      also: context.sessions.clear(account.uid, { id: session.id, generation }),
    };
  });
  audit(context, 'session-revoked', client, { uid: account.uid, details: { session: 'all others' } });
}
